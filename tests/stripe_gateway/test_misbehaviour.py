"""Whatever comes from Stripe's address: each call of the gateway ends in time, and with an error of the gateway's."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.limits import Limits
from tests.support.stripe.gateway_calls import Call, calls_of
from tests.support.stripe.misbehaving import Misbehaving
from tests.support.stripe.misbehaviours import LARGE, QUICK, SLOWLY

KEY = "sk_test_51misbehaviour"
# Some calls ask more than once: a second question may take what a first one takes.
SHORT = Limits(call_seconds=0.4, total_seconds=0.4)
LONGER = Limits(call_seconds=3, total_seconds=3)
# Seconds that any of it may take on a busy machine.
GENEROUS = 12
# What people read of it: no markup, no bytes, no class names of libraries.
RAW = ("<", "b'", "urllib3", "requests.", "HTTPConnectionPool", "Traceback", "\n")


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


def outcome(call: Call) -> tuple[str, float]:
    """The gateway's error in words, empty where there was none; and the seconds. Any other error is raised."""
    started = time.monotonic()
    words = ""
    try:
        call()
    except StripeProblem as problem:
        words = problem.message or "<nothing>"
    return words, time.monotonic() - started


def outcomes(server: Misbehaving, limits: Limits, together: int = 24) -> dict[str, tuple[str, float]]:
    """Every call of the gateway, many at a time, each through a gateway of its own as in a form."""
    opener = gateway_opener(server.url, limits=limits)
    names = list(calls_of(opener(KEY)))
    with ThreadPoolExecutor(together) as pool:
        found = pool.map(lambda name: outcome(calls_of(opener(KEY))[name]), names)
        return dict(zip(names, found, strict=True))


def test_every_method_of_the_gateway_is_tried() -> None:
    names = calls_of(gateway_opener()(KEY))
    assert {"StripeGateway.account", "Refunds.refund", "Objects.fetch price", "Schedules.plan"} <= names.keys()
    assert len(names) > 60


@pytest.mark.parametrize("name", QUICK)
def test_a_wrong_answer_is_an_error_of_the_gateway(server: Misbehaving, name: str) -> None:
    server.manner = QUICK[name]
    found = outcomes(server, SHORT)
    assert max(seconds for _, seconds in found.values()) < GENEROUS
    assert {words for words, _ in found.values() if any(raw in words for raw in RAW) or len(words) > 1000} == set()


@pytest.mark.parametrize("name", SLOWLY)
def test_an_answer_that_does_not_come_ends_at_the_deadline(server: Misbehaving, name: str) -> None:
    server.manner = SLOWLY[name]
    found = outcomes(server, SHORT, together=64)
    assert {words for words, _ in found.values()} == {"Stripe did not answer in time."}
    assert max(seconds for _, seconds in found.values()) < GENEROUS


@pytest.mark.parametrize("name", LARGE)
def test_no_answer_is_read_without_a_limit(server: Misbehaving, name: str) -> None:
    server.manner = LARGE[name]
    gateway = gateway_opener(server.url, limits=LONGER)(KEY)
    words, seconds = outcome(gateway.webhook_endpoints)
    assert words
    assert seconds < GENEROUS
