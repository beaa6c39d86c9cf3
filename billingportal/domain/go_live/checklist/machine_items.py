"""Items about the machine: address, worker, clock, backup and secret keys."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from billingportal import private_files
from billingportal.config import KEY_FILE
from billingportal.domain.connection import processor_accounts
from billingportal.domain.go_live.checklist.findings import told
from billingportal.domain.go_live.checklist.item import Definition, Facts, Outcome, done, todo, unknown
from billingportal.domain.go_live.checklist.stripe_items import by_findings
from billingportal.models import JobRun

# The worker records its jobs every few seconds.
ALIVE = timedelta(minutes=1)
CERTIFICATE_KEYS = ("certificate.expires",)


def address(facts: Facts) -> Outcome:
    """Stripe's own deliveries are the proof that the address answers from outside."""
    url = facts.settings.public_url
    if url is None:
        return todo("PORTAL_PUBLIC_URL is not set.")
    if not url.startswith("https://"):
        return todo(f"{url} is not encrypted. Put a proxy with https in front.")
    if not facts.settings.is_reachable_by_stripe:
        return todo(f"{url} is not reachable from the internet.")
    seen = [processor_accounts.last_event_at(facts.session, one) for one in facts.accounts]
    newest = max((one for one in seen if one is not None), default=None)
    if newest is None:
        return unknown(f"Nothing has reached {url} from outside yet.")
    return done(f"Stripe reached {url}.", newest)


def worker(facts: Facts) -> Outcome:
    newest = facts.session.scalar(select(func.max(JobRun.reported_at)))
    if newest is None:
        return unknown("No worker has reported yet.")
    if newest < facts.moment - ALIVE:
        return todo("It has not reported for a minute. Start it: billingportal worker", newest)
    return done("It reported within the last minute.", newest)


def clock(facts: Facts) -> Outcome:
    return by_findings(told(facts.session, ("clock.skew",)), "Within 2 seconds of Stripe’s clock.")


def backup(facts: Facts) -> Outcome:
    said = told(facts.session, ("backup.old", "backup.unknown"))
    if any(one.key == "backup.unknown" for one in said.found):
        return unknown("The portal knows of no backup.", said.as_of)
    return by_findings(said, "Younger than a day.")


def key_file(facts: Facts) -> Outcome:
    if not facts.settings.uses_key_file:
        return done("The secret keys come from PORTAL_SECRET_KEYS.")
    path = facts.settings.data_dir / KEY_FILE
    if not path.is_file():
        return todo(f"There is no file {path}.")
    if private_files.is_open_to_others(path):
        return todo(f"{path} is open to others. Run: chmod 600 {path}")
    return done(f"{path} is readable for the portal’s user only.")


def key_copy(_: Facts) -> Outcome:
    """Nobody but the owner can tell whether a copy exists: without it a lost disk takes every stored secret along."""
    return unknown("The portal can’t tell. Keep a copy outside this machine, then waive this with a note where it is.")


DEFINITIONS: Sequence[Definition] = (
    Definition(
        "address",
        "machine",
        "The public address answers over HTTPS",
        "Give the portal a secure public address",
        "processor",
        "Open Payment Processor",
        address,
        may_be_waived=True,
    ),
    Definition("worker", "machine", "The worker is running", "Start the worker", "health", "Open Health", worker),
    Definition(
        "clock",
        "machine",
        "The clock is within 2 seconds of Stripe’s",
        "Set the clock of this machine",
        "health",
        "Open Health",
        clock,
    ),
    Definition(
        "backup",
        "machine",
        "The backup is younger than a day",
        "Make a backup",
        "health",
        "Open Health",
        backup,
        may_be_waived=True,
    ),
    Definition(
        "key_file",
        "machine",
        "The secret key file is private",
        "Make the secret key file private",
        "health",
        "Open Health",
        key_file,
    ),
    Definition(
        "key_copy",
        "machine",
        "A copy of the secret key file is confirmed",
        "Confirm a copy of the secret key file",
        "health",
        "Open Health",
        key_copy,
        may_be_waived=True,
    ),
)
