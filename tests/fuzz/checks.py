"""What is wrong with an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fuzz.business import OTHERS, STAFF, Business
from tests.fuzz.requests.attempts import Attempt, Outcome
from tests.fuzz.requests.hostile import SUM_DONE, TAG

# The kind of a fault that a busy machine can cause, too.
SLOW = "slow"
LONGEST_SECONDS = 5
# The portal says these when its database does not answer. In these runs it always does.
DATABASE_AWAY = ("The database does not answer", "The database is away")
# Ours, by the Host that was sent; Stripe's; the sandbox's.
OWN_SITES = ("http://localhost/", "https://checkout.stripe.com/", "https://billing.stripe.com/", "http://127.0.0.1:")
NOT_FOR = {"stranger": (OTHERS, STAFF), "client": (OTHERS, STAFF)}


@dataclass(frozen=True)
class Fault:
    """One finding. Those of the same kind and place are counted as one."""

    kind: str
    place: str
    attempt: Attempt
    outcome: Outcome


def faults(attempt: Attempt, outcome: Outcome, business: Business, place: str) -> Iterator[Fault]:
    """Everything that is wrong. `place` is the route, for faults that have no line of code."""
    text = outcome.text
    for kind, where in (
        *broken(outcome, text),
        *leaks(attempt, text, business),
        *injections(attempt, outcome, text),
    ):
        yield Fault(kind, where or place, attempt, outcome)


def broken(outcome: Outcome, text: str) -> Iterator[tuple[str, str]]:
    if outcome.error or outcome.status == 500 or outcome.status > 503:
        yield f"{outcome.status}", outcome.place
    elif outcome.status >= 500 and any(words in text for words in DATABASE_AWAY):
        yield f"{outcome.status}, though the database answers", ""
    elif outcome.status >= 500 and outcome.status != 503:
        yield f"{outcome.status}", ""
    if outcome.connections:
        yield "keeps a connection to the database", ""
    if outcome.seconds > LONGEST_SECONDS:
        yield SLOW, ""


def leaks(attempt: Attempt, text: str, business: Business) -> Iterator[tuple[str, str]]:
    for secret in business.secrets:
        if secret in text:
            yield "shows a secret", ""
    for password in business.passwords:
        if password in text and attempt.carries(password):
            yield "repeats a password", ""
    for mark in NOT_FOR.get(attempt.caller, ()):
        if mark in text:
            yield f"shows a {attempt.caller} what is others'", ""


def injections(attempt: Attempt, outcome: Outcome, text: str) -> Iterator[tuple[str, str]]:
    """Markup, templates and headers that a caller wrote, and redirects that lead away."""
    if outcome.is_html and TAG in text:
        yield "shows markup that somebody typed", ""
    if SUM_DONE in text and not attempt.carries(SUM_DONE):
        yield "works out a template that somebody typed", ""
    if outcome.header("X-Injected"):
        yield "sends a header that somebody typed", ""
    for name in ("Location", "HX-Redirect", "HX-Location"):
        target = outcome.header(name)
        if target and not is_own(target):
            yield f"leads away: {name}", ""


def is_own(target: str) -> bool:
    if target.startswith(OWN_SITES):
        return True
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc and "\\" not in target
