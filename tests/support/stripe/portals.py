"""A portal that talks to the sandbox, and the steps a worker takes for it."""

from dataclasses import replace

from flask import Flask

from billingportal.config import Settings
from billingportal.jobs.schedule import JOBS
from billingportal.portal import current_portal
from tests.support.stripe.sandbox import SandboxAccount, SandboxClient

# Nobody listens there. Tests that need deliveries serve the application at an address of its own.
NOWHERE = "http://127.0.0.1:9"


def with_sandbox(settings: Settings, sandbox: SandboxClient, public_url: str | None = NOWHERE) -> Settings:
    """The same portal, with the sandbox as its Stripe, and loopback as an address that Stripe can reach."""
    return replace(settings, stripe_api_base=sandbox.url, public_url=public_url)


def new_account(sandbox: SandboxClient, name: str = "Harbor Dental") -> SandboxAccount:
    """An account of the test's own, so that tests may share a sandbox."""
    made = sandbox.control("accounts", name=name, country="IE", currency="eur")
    return SandboxAccount(made["id"], made["keys"]["test"], made["keys"]["live"])


def work(app: Flask) -> None:
    """One pass of every job, as `billingportal tick` does."""
    with app.app_context():
        for job in JOBS:
            job.run(current_portal())
