"""What a newcomer does: start the portal with its sandbox, set it up, connect Stripe. Real processes, real browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from billingportal.runtime.ports import free_port
from tests.support.program import ROOT, Program
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient

PASSWORD = "correct horse battery"
# How long a check of the account may take on a busy machine, in milliseconds.
CHECK = 15_000


@dataclass(frozen=True)
class Running:
    """A portal that `bin/run --sandbox` has started, and what it printed for its newcomer."""

    url: str
    setup_link: str
    sandbox: SandboxClient
    keys: dict[str, str]

    def account(self) -> SandboxAccount:
        return self.sandbox.account()


@contextmanager
def started(database_url: str, folder: Path) -> Iterator[Running]:
    """The portal as `bin/run --sandbox` starts it, with its data in a folder. At the end it has to end cleanly."""
    port = free_port(0)
    command = [str(ROOT / "bin" / "run"), "--sandbox", "--port", str(port), "--data", str(folder / "data")]
    with Program(command, folder / "output", {"PORTAL_DATABASE_URL": database_url}) as program:
        program.wait_for("Ctrl-C ends it.")
        printed = program.printed
        sandbox_url = re.search(r"Stripe sandbox at (http://\S+)", printed)
        link = re.search(r"http://\S+/setup/\S+", printed)
        assert sandbox_url is not None
        assert link is not None
        keys = dict(re.findall(r", (test|live): (sk_\S+)", printed))
        yield Running(f"http://127.0.0.1:{port}", link.group(), SandboxClient(sandbox_url.group(1)), keys)
        assert program.end() == 0


def set_up(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Your name").fill("Mara Lindqvist")
    page.get_by_label("Email").fill("mara@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1, name="Payment Processor")).to_be_visible()


def save(page: Page, key: str) -> None:
    page.get_by_label("Secret key", exact=True).fill(key)
    page.get_by_role("button", name="Save configuration").click()


def expect_registered(page: Page) -> None:
    expect(page.locator("#secret-key-status .is-ok")).to_contain_text("Working", timeout=CHECK)
    expect(page.locator("#webhook-status .is-ok")).to_contain_text("registered", timeout=CHECK)
    expect(page.locator("#catch-up-status")).to_contain_text("Complete up to", timeout=3 * CHECK)
