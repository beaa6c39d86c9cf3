"""Adjustments cancel meter events of the last 24 hours."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing.metering.build import DAY, lately, new_meter, report
from tests.sandbox.build import metered_price, subscribe
from tests.sandbox.clocks import HOUR, START, advance, customer_on, invoices_of, months_after, new_clock
from tests.sandbox.contract import violations
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def meter(client: stripe.StripeClient) -> str:
    return new_meter(client).id


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


@pytest.fixture
def customer(client: stripe.StripeClient, clock: str) -> str:
    return customer_on(client, clock).id


def cancel(client: stripe.StripeClient, identifier: str, **more: Any) -> stripe.billing.MeterEventAdjustment:
    params: Any = {"event_name": "messages", "type": "cancel", "cancel": {"identifier": identifier}, **more}
    return client.v1.billing.meter_event_adjustments.create(params=params)


def test_a_canceled_event_counts_no_more(client: stripe.StripeClient, meter: str, customer: str) -> None:
    report(client, customer, 5, identifier="i-1")
    report(client, customer, 2, identifier="i-2")
    made = cancel(client, "i-1")
    assert (made.status, made.event_name, made.type) == ("pending", "messages", "cancel")
    assert made.cancel is not None
    assert made.cancel.identifier == "i-1"
    assert list(violations(made.to_dict())) == []
    assert lately(client, meter, customer, START) == 2


def test_an_adjustment_is_pending_until_it_is_processed(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    report(client, customer, 5, identifier="i-1")
    sandbox.control("metering", account=account.id, processing_seconds=DAY)
    cancel(client, "i-1")
    assert lately(client, meter, customer, START) == 5
    assert statuses(sandbox, account) == ["pending"]
    sandbox.control("metering/process", account=account.id, mode="test")
    assert lately(client, meter, customer, START) == 0
    assert statuses(sandbox, account) == ["complete"]


def statuses(sandbox: Sandbox, account: SandboxAccount) -> list[str]:
    return [str(one["status"]) for one in sandbox.objects(account.id, "test", "billing.meter_event_adjustment")]


def test_an_event_that_waits_can_be_canceled_before_it_counts(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, meter: str, customer: str
) -> None:
    sandbox.control("metering", account=account.id, processing_seconds=DAY)
    report(client, customer, 5, identifier="i-1")
    cancel(client, "i-1")
    sandbox.control("metering/process", account=account.id, mode="test")
    assert lately(client, meter, customer, START) == 0


def test_only_an_own_event_of_the_last_day_is_canceled_and_once(
    client: stripe.StripeClient, meter: str, clock: str, customer: str
) -> None:
    for identifier in ("i-1", "i-2"):
        report(client, customer, 5, identifier=identifier)
    cancel(client, "i-1")
    for identifier, more in (("i-1", {}), ("i-3", {}), ("i-2", {"event_name": "other"})):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            cancel(client, identifier, **more)
        assert refused.value.param == "cancel[identifier]"
    advance(client, clock, START + DAY)
    with pytest.raises(stripe.InvalidRequestError, match="within 24 hours"):
        cancel(client, "i-2")
    assert lately(client, meter, customer, START) == 5


def test_a_canceled_identifier_stays_taken(client: stripe.StripeClient, meter: str, customer: str) -> None:
    report(client, customer, 5, identifier="i-1")
    cancel(client, "i-1")
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        report(client, customer, 5, identifier="i-1")


def test_a_draft_is_corrected_and_a_final_invoice_never(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    ends = months_after(START, 1)
    advance(client, clock, ends - HOUR)
    for identifier in ("i-1", "i-2"):
        report(client, customer, 5, identifier=identifier)
    advance(client, clock, ends)
    cancel(client, "i-1")
    advance(client, clock, ends + HOUR)
    cancel(client, "i-2")
    advance(client, clock, ends + DAY)
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [5 * 20]
