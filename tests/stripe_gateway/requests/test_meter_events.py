"""Meter events through the official SDK against the sandbox."""

from datetime import timedelta

import pytest
import stripe

from billingportal.clock import now
from billingportal.stripe_gateway.errors import (
    MeterEventExists,
    RequestRefused,
    StripeUnreachable,
    TooManyRequests,
)
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.calls import problem
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

EVENT_NAME = "messages"


@pytest.fixture
def customer(sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway) -> str:
    """A customer of an account with a meter."""
    gateway.create_meter("Messages", EVENT_NAME, "sum", "meter-1")
    return gateway.create_customer("Ada Reuter", "customer-1")


def payload(customer: str, value: str = "25") -> dict[str, str]:
    return {"stripe_customer_id": customer, "value": value}


def test_an_event_arrives_as_it_was_sent_and_its_request_has_an_id(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway, customer: str
) -> None:
    at = now() - timedelta(hours=3)

    request_id = gateway.meter_events.create(EVENT_NAME, payload(customer), "row-1", at, "row-1")

    (event,) = sandbox.objects(account.id, "test", "billing.meter_event")
    assert (event["identifier"], event["timestamp"]) == ("row-1", int(at.timestamp()))
    assert event["payload"] == payload(customer)
    assert request_id is not None
    assert request_id.startswith("req_")


def test_an_identifier_that_was_taken_before_is_told_apart_from_a_refusal(
    gateway: StripeGateway, customer: str
) -> None:
    gateway.meter_events.create(EVENT_NAME, payload(customer), "row-1", now(), "row-1")

    with pytest.raises(MeterEventExists):
        gateway.meter_events.create(EVENT_NAME, payload(customer), "row-1", now(), "row-1-2")
    with pytest.raises(RequestRefused) as refusal:
        gateway.meter_events.create("unknown", payload(customer), "row-2", now(), "row-2")

    assert not isinstance(refusal.value, MeterEventExists)
    assert "No active meter" in refusal.value.message


def test_a_lost_answer_is_not_asked_for_again_by_the_gateway(
    sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway, customer: str
) -> None:
    sandbox.control("faults", kind="500", method="POST", path_prefix="/v1/billing/meter_events", count=1, applied=True)

    with pytest.raises(StripeUnreachable):
        gateway.meter_events.create(EVENT_NAME, payload(customer), "row-1", now(), "row-1")
    with pytest.raises(MeterEventExists):
        gateway.meter_events.create(EVENT_NAME, payload(customer), "row-1", now(), "row-1-2")

    assert len(sandbox.objects(account.id, "test", "billing.meter_event")) == 1


def test_too_many_requests_are_told_apart(sandbox: Sandbox, gateway: StripeGateway, customer: str) -> None:
    sandbox.control("faults", kind="429", method="POST", path_prefix="/v1/billing/meter_events", count=1)

    with pytest.raises(TooManyRequests):
        gateway.meter_events.create(EVENT_NAME, payload(customer), "row-1", now(), "row-1")


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("999999", 3600.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_the_wait_that_stripe_asks_for_is_known(header: str, seconds: float | None) -> None:
    found = problem(stripe.RateLimitError("slow down", http_status=429, headers={"Retry-After": header}))

    assert isinstance(found, TooManyRequests)
    assert found.retry_after_seconds == seconds
