"""A real browser, strict: whatever goes wrong inside a page fails the test that opened it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict, TypeVar

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESK = 390, 1280
Theme = Literal["light", "dark"]
Measure = TypeVar("Measure")
# What the browser says of a measurement in a page that is just being replaced.
INTERRUPTED = re.compile(r"Execution context was destroyed|properties of null|axe is not defined")

# Runs before any script of the page: what a page would swallow becomes an error in the console.
WATCH = """
document.addEventListener('securitypolicyviolation', event =>
  console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI || event.sample}`));
document.addEventListener('htmx:error', event =>
  console.error(`htmx: ${event.detail?.error || event.type}`));
"""


class Finding(TypedDict):
    id: str
    help: str
    nodes: list[dict[str, object]]


@dataclass
class Watch:
    """What went wrong in a page. Tests of failures list what they expect in `expected`."""

    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def on_page_error(self, error: Exception) -> None:
        self.troubles.append(f"script error: {error}")

    def unexpected(self) -> list[str]:
        return [text for text in self.troubles if not any(part in text for part in self.expected)]


@contextmanager
def launch() -> Iterator[Browser]:
    """Debian's Chromium, without the parts that call home."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched_page(
    browser: Browser, base_url: str, *, width: int = DESK, theme: Theme = "light", scripts: bool = True
) -> Iterator[tuple[Page, Watch]]:
    """A page of a fresh visitor. At the end, anything the page complained about is an error."""
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": 844},
        color_scheme=theme,
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    watch = Watch()
    context.add_init_script(WATCH)
    context.on("console", watch.on_console)
    context.on("weberror", lambda error: watch.on_page_error(error.error))
    try:
        yield context.new_page(), watch
    finally:
        context.close()
    assert not watch.unexpected(), "\n".join(watch.unexpected())


def measured(page: Page, measure: Callable[[], Measure]) -> Measure:
    """What `measure` finds on a page that stands still.

    A click returns before the page that it leads to is there. A measurement that the change of pages interrupts says
    nothing about either page, so it is done again, on the page that came.
    """
    for _ in range(3):
        page.wait_for_load_state()
        try:
            return measure()
        except Error as error:
            if not INTERRUPTED.search(error.message):
                raise
    return measure()


def assert_accessible(page: Page) -> None:
    """Nothing that axe knows is wrong with the page as it stands."""

    def violations() -> list[Finding]:
        page.evaluate(AXE.read_text())
        found: list[Finding] = page.evaluate("async () => (await axe.run(document)).violations")
        return found

    findings = measured(page, violations)
    told = [f"{finding['id']}: {finding['help']}: {json.dumps(finding['nodes'][:2])[:600]}" for finding in findings]
    assert not told, f"{page.url}\n" + "\n".join(told)


def assert_no_sideways_scroll(page: Page) -> None:
    def excess() -> int:
        pixels: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return pixels

    width = measured(page, excess)
    assert width <= 0, f"{page.url} is {width} px wider than the window"


def settle(page: Page) -> None:
    """Wait until htmx has no request on the way."""
    expect(page.locator(".htmx-request")).to_have_count(0)


@contextmanager
def weighed(page: Page, *, cold: bool = False) -> Iterator[list[int]]:
    """Collects the bytes of every answer as they came over the wire, headers included.

    What the browser has kept weighs nothing; `cold` makes it forget everything first.
    """
    weights: list[int] = []
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    if cold:
        wire.send("Network.clearBrowserCache")
    wire.on("Network.loadingFinished", lambda event: weights.append(int(event["encodedDataLength"])))
    try:
        yield weights
    finally:
        wire.detach()
