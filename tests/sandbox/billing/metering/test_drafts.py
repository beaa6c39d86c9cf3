"""The invoice of a period's usage: a draft that takes late events, until it is final."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing.metering.build import DAY, new_meter, report
from tests.sandbox.build import change, event_types, metered_price, monthly_price, preview, subscribe
from tests.sandbox.clocks import HOUR, START, advance, customer_on, invoices_of, months_after, new_clock
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

RENEWAL = months_after(START, 1)


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


@pytest.fixture
def customer(client: stripe.StripeClient, clock: str) -> str:
    return customer_on(client, clock).id


def last_invoice(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    return invoices_of(client, subscription.id)[-1]


def test_a_draft_says_when_it_becomes_final_and_takes_the_use_of_its_period_until_then(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    advance(client, clock, RENEWAL)
    draft = last_invoice(client, subscription)
    assert (draft.status, draft.automatically_finalizes_at) == ("draft", RENEWAL + HOUR)
    advance(client, clock, RENEWAL + HOUR - 1)
    for value, at in ((1, START), (10, RENEWAL - 1), (100, RENEWAL), (1000, RENEWAL + HOUR - 1)):
        report(client, customer, value, at)
    assert last_invoice(client, subscription).status == "draft"
    advance(client, clock, RENEWAL + HOUR)
    final = last_invoice(client, subscription)
    assert (final.status, final.total, final.automatically_finalizes_at) == ("paid", 11 * 20, None)
    report(client, customer, 7, RENEWAL - 1)
    advance(client, clock, months_after(START, 2) + HOUR)
    assert [one.total for one in invoices_of(client, subscription.id)] == [11 * 20, 1100 * 20]


def test_the_draft_lasts_as_long_as_the_account_says(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    sandbox.control("invoices", account=account.id, draft_seconds=72 * HOUR)
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    assert preview(client, subscription=subscription.id).next_payment_attempt == RENEWAL + 72 * HOUR
    advance(client, clock, RENEWAL + 71 * HOUR)
    report(client, customer, 3, RENEWAL - 1)
    draft = last_invoice(client, subscription)
    assert (draft.status, draft.automatically_finalizes_at) == ("draft", RENEWAL + 72 * HOUR)
    advance(client, clock, RENEWAL + 72 * HOUR)
    assert (last_invoice(client, subscription).status, last_invoice(client, subscription).total) == ("paid", 60)


def test_the_first_invoice_is_final_at_once(client: stripe.StripeClient, clock: str, customer: str) -> None:
    items = [{"price": monthly_price(client).id}, {"price": metered_price(client, 20).id}]
    first = last_invoice(client, subscribe(client, customer, "", items=items))
    assert (first.status, first.automatically_finalizes_at, first.total) == ("paid", None, 1000)


def test_a_draft_that_is_finalized_by_hand_takes_nothing_more(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    advance(client, clock, RENEWAL)
    report(client, customer, 5, RENEWAL - 1)
    client.v1.invoices.finalize_invoice(last_invoice(client, subscription).id)
    report(client, customer, 7, RENEWAL - 1)
    advance(client, clock, RENEWAL + DAY)
    assert last_invoice(client, subscription).total == 100


def test_what_is_processed_within_the_draft_counts_without_any_other_call(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    sandbox.control("metering", account=account.id, processing_seconds=1200)
    report(client, customer, 2, START)
    advance(client, clock, RENEWAL)
    report(client, customer, 5, RENEWAL - 1)
    advance(client, clock, RENEWAL + DAY)
    assert last_invoice(client, subscription).total == 140


def test_free_use_is_on_the_final_invoice_too(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = subscribe(client, customer, metered_price(client, 0).id)
    report(client, customer, 2, START)
    advance(client, clock, RENEWAL)
    report(client, customer, 5, RENEWAL - 1)
    advance(client, clock, RENEWAL + HOUR)
    assert [line.quantity for line in last_invoice(client, subscription).lines.data] == [7]


def test_what_is_received_and_not_processed_when_the_draft_becomes_final_is_lost(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    advance(client, clock, RENEWAL)
    sandbox.control("metering", account=account.id, processing_seconds=1200)
    report(client, customer, 5, RENEWAL - 1)
    advance(client, clock, RENEWAL + HOUR - 600)
    report(client, customer, 7, RENEWAL - 1)
    advance(client, clock, RENEWAL + DAY)
    assert last_invoice(client, subscription).total == 100


def test_negative_use_lowers_a_draft_and_never_below_nothing(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    report(client, customer, 10, START)
    advance(client, clock, RENEWAL)
    report(client, customer, -4, RENEWAL - 1)
    advance(client, clock, RENEWAL + HOUR)
    report(client, customer, -9)
    advance(client, clock, months_after(START, 2) + HOUR)
    assert [one.total for one in invoices_of(client, subscription.id)] == [6 * 20, 0]


def test_a_level_is_nothing_in_a_period_without_an_event(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    meter = new_meter(client, "last")
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    subscription = subscribe(client, customer, monthly_price(client, 20, recurring=recurring).id)
    report(client, customer, 7, START + 5)
    report(client, customer, 3, START + 4)
    advance(client, clock, RENEWAL + HOUR)
    advance(client, clock, months_after(START, 2) + HOUR)
    assert [one.total for one in invoices_of(client, subscription.id)] == [7 * 20, 0]


def test_the_notice_of_an_invoice_comes_days_before_with_the_use_so_far(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    sandbox.control("invoices", account=account.id, upcoming_days=3)
    subscribe(client, customer, metered_price(client, 20).id)
    report(client, customer, 4, START)
    advance(client, clock, RENEWAL - 3 * DAY - 1)
    assert "invoice.upcoming" not in event_types(client)
    advance(client, clock, RENEWAL - 3 * DAY)
    (told,) = client.v1.events.list(params={"type": "invoice.upcoming"}).data
    assert (told.data["object"]["amount_due"], told.data["object"]["period_end"]) == (80, RENEWAL)


def test_an_end_with_the_period_bills_all_its_items_and_late_use(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    other = new_meter(client, event_name="images")
    recurring = {"interval": "month", "usage_type": "metered", "meter": other.id}
    items = [{"price": metered_price(client, 20).id}, {"price": monthly_price(client, 7, recurring=recurring).id}]
    subscription = subscribe(client, customer, "", items=items)
    change(client, subscription, cancel_at_period_end=True)
    report(client, customer, 4, START)
    advance(client, clock, RENEWAL)
    report(client, customer, 1, RENEWAL - 1)
    report(client, customer, 50, RENEWAL)
    report(client, customer, 10, RENEWAL - 1, event_name="images")
    advance(client, clock, RENEWAL + HOUR)
    assert sorted(line.amount for line in last_invoice(client, subscription).lines.data) == [70, 100]


def test_an_end_now_loses_what_is_not_processed(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    report(client, customer, 4)
    sandbox.control("metering", account=account.id, processing_seconds=HOUR)
    report(client, customer, 6)
    given: Any = {"invoice_now": True}
    client.v1.subscriptions.cancel(subscription.id, params=given)
    advance(client, clock, START + DAY)
    assert [one.total for one in invoices_of(client, subscription.id)] == [80]
