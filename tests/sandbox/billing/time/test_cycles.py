"""What the end of a period brings on a test clock."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import change, event_types, first_item, metered_price, monthly_price, subscribe
from tests.sandbox.checkout.build import open_session
from tests.sandbox.clocks import (
    DAY,
    HOUR,
    START,
    advance,
    customer_on,
    invoices_of,
    months_after,
    new_clock,
    renewed_at,
)
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

RENEWAL = months_after(START, 1)


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


@pytest.fixture
def customer(client: stripe.StripeClient, clock: str) -> str:
    return customer_on(client, clock).id


def report(client: stripe.StripeClient, customer: str, value: int, at: int) -> None:
    payload = {"stripe_customer_id": customer, "value": str(value)}
    client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload, "timestamp": at})


def test_a_period_ends_with_a_draft_that_is_paid_an_hour_later(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    advance(client, clock, RENEWAL)
    fresh = client.v1.subscriptions.retrieve(subscription.id)
    assert first_item(fresh).current_period_start == RENEWAL
    assert renewed_at(fresh) == months_after(START, 2)
    draft = client.v1.invoices.retrieve(str(fresh.latest_invoice))
    assert (draft.status, draft.billing_reason, draft.total) == ("draft", "subscription_cycle", 1000)
    assert (draft.created, draft.period_start, draft.period_end) == (RENEWAL, START, RENEWAL)
    assert draft.automatically_finalizes_at == draft.next_payment_attempt == RENEWAL + HOUR
    line = draft.lines.data[0]
    assert (line.period.start, line.period.end) == (RENEWAL, months_after(START, 2))
    advance(client, clock, RENEWAL + HOUR)
    paid = client.v1.invoices.retrieve(draft.id)
    assert (paid.status, paid.amount_paid, paid.attempt_count) == ("paid", 1000, 1)
    assert paid.status_transitions.finalized_at == paid.status_transitions.paid_at == RENEWAL + HOUR
    assert (paid.automatically_finalizes_at, paid.next_payment_attempt) == (None, None)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_renewal_tells_of_itself_days_before_and_at_each_step(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    before = len(event_types(client))
    advance(client, clock, RENEWAL - 7 * DAY - 1)
    assert "invoice.upcoming" not in event_types(client)
    advance(client, clock, RENEWAL + HOUR)
    told = [name for name in event_types(client)[before:] if "test_clock" not in name]
    assert told[0] == "invoice.upcoming"
    assert told.index("invoice.created") < told.index("invoice.finalized") < told.index("invoice.paid")
    assert {"customer.subscription.updated", "invoice.payment_succeeded", "invoice_payment.paid"} <= set(told)
    events = client.v1.events.list(params={"type": "invoice.upcoming"}).data
    upcoming = events[0].data["object"]
    assert upcoming.id.startswith("upcoming_in_")
    assert (upcoming.amount_due, upcoming.period_end) == (1000, RENEWAL)
    updated = client.v1.events.list(params={"type": "customer.subscription.updated"}).data[0]
    assert updated.data.previous_attributes is not None
    assert {"items", "latest_invoice"} == set(updated.data.previous_attributes.to_dict())
    assert updated.data["object"]["id"] == subscription.id
    assert updated.request is not None
    assert (updated.request.id, updated.request.idempotency_key) == (None, None)


def test_usage_is_billed_after_its_period_and_licenses_before(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    used = metered_price(client, 20).id
    items: Any = [{"price": monthly_price(client, 1000).id, "quantity": 2}, {"price": used}]
    subscription = subscribe(client, customer, used, items=items)
    advance(client, clock, START + 10 * DAY)
    report(client, customer, 7, START + 9 * DAY)
    report(client, customer, 3, START)
    advance(client, clock, RENEWAL)
    report(client, customer, 100, RENEWAL)
    advance(client, clock, months_after(START, 2) + HOUR)
    first, second, third = invoices_of(client, subscription.id)
    assert [first.total, second.total, third.total] == [2000, 2000 + 10 * 20, 2000 + 100 * 20]
    periods = {(line.amount, line.period.start) for line in second.lines.data}
    assert periods == {(2000, RENEWAL), (200, START)}
    assert third.status == "paid"


def test_usage_of_the_period_that_is_reported_while_its_invoice_is_a_draft_counts(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    used, licensed = metered_price(client, 20).id, monthly_price(client, 1000).id
    subscription = subscribe(client, customer, used, items=[{"price": used}, {"price": licensed}])
    advance(client, clock, RENEWAL)
    report(client, customer, 5, RENEWAL - 1)
    report(client, customer, 90, RENEWAL)
    advance(client, clock, RENEWAL + HOUR)
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [1000, 1000 + 5 * 20]
    report(client, customer, 7, RENEWAL - 1)
    advance(client, clock, RENEWAL + DAY)
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [1000, 1000 + 5 * 20]


def test_prorations_wait_for_the_renewal(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client, 3100).id)
    advance(client, clock, START + 21 * DAY)
    change(client, subscription, items=[{"id": first_item(subscription).id, "quantity": 2}])
    advance(client, clock, RENEWAL + HOUR)
    _, renewal = invoices_of(client, subscription.id)
    assert sorted(line.amount for line in renewal.lines.data) == [-1000, 2000, 6200]
    assert (renewal.total, renewal.status) == (7200, "paid")


def test_items_of_different_intervals_renew_each_on_its_own_date(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    yearly = monthly_price(client, 12000, recurring={"interval": "year"}).id
    monthly = metered_price(client, 5).id
    subscription = subscribe(client, customer, yearly, items=[{"price": yearly}, {"price": monthly}])
    for month in range(1, 13):
        report(client, customer, month, months_after(START, month - 1))
        advance(client, clock, months_after(START, month) + HOUR)
    totals = [invoice.total for invoice in invoices_of(client, subscription.id)]
    assert totals == [12000, *(5 * month for month in range(1, 12)), 5 * 12 + 12000]


def test_periods_keep_their_day_where_the_month_has_one(client: stripe.StripeClient) -> None:
    clock = new_clock(client, months_after(START, 0) + 30 * DAY)
    subscription = subscribe(client, customer_on(client, clock).id, monthly_price(client).id)
    ends = []
    for _ in range(3):
        end = renewed_at(client.v1.subscriptions.retrieve(subscription.id))
        ends.append((end - START) // DAY)
        advance(client, clock, end)
    assert ends == [31 + 27, 31 + 28 + 30, 31 + 28 + 31 + 29]


@pytest.mark.parametrize("spelling", [{"cancel_at_period_end": True}, {"cancel_at": "min_period_end"}])
def test_a_planned_end_comes_with_a_last_invoice_for_the_usage(
    client: stripe.StripeClient, clock: str, customer: str, spelling: dict[str, Any]
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    advance(client, clock, START + DAY)
    report(client, customer, 4, START + DAY)
    change(client, subscription, **spelling)
    advance(client, clock, RENEWAL)
    ended = client.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.ended_at, ended.canceled_at) == ("canceled", RENEWAL, START + DAY)
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.reason == "cancellation_requested"
    assert event_types(client)[-2:] == ["customer.subscription.deleted", "test_helpers.test_clock.ready"]
    advance(client, clock, RENEWAL + HOUR)
    last = invoices_of(client, subscription.id)[-1]
    assert (last.total, last.status) == (80, "paid")
    advance(client, clock, months_after(START, 3))
    assert len(invoices_of(client, subscription.id)) == 1


def test_an_end_that_was_taken_back_does_not_come(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    change(client, subscription, cancel_at_period_end=True)
    advance(client, clock, START + DAY)
    change(client, subscription, cancel_at_period_end=False)
    advance(client, clock, RENEWAL)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_first_payment_that_never_comes_ends_what_never_began(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id, payment_behavior="default_incomplete")
    advance(client, clock, START + 23 * HOUR - 1)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "incomplete"
    advance(client, clock, START + 23 * HOUR)
    expired = client.v1.subscriptions.retrieve(subscription.id)
    assert (expired.status, expired.ended_at) == ("incomplete_expired", START + 23 * HOUR)
    assert client.v1.invoices.retrieve(str(expired.latest_invoice)).status == "void"
    assert "invoice.voided" in event_types(client)


def test_an_update_that_waited_for_its_payment_too_long_is_given_up(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", params={"customer": customer})
    change(client, subscription, default_payment_method=method.id)
    more: Any = [{"id": first_item(subscription).id, "quantity": 2}]
    change(
        client,
        subscription,
        items=more,
        payment_behavior="pending_if_incomplete",
        proration_behavior="always_invoice",
    )
    advance(client, clock, START + 23 * HOUR)
    fresh = client.v1.subscriptions.retrieve(subscription.id)
    assert (fresh.pending_update, fresh.status, first_item(fresh).quantity) == (None, "active", 1)
    assert client.v1.invoices.retrieve(str(fresh.latest_invoice)).status == "void"
    assert "customer.subscription.pending_update_expired" in event_types(client)


@pytest.mark.parametrize(
    ("behavior", "status"), [("keep_as_draft", "draft"), ("void", "void"), ("mark_uncollectible", "uncollectible")]
)
def test_while_collection_is_paused_invoices_are_made_and_not_collected(
    client: stripe.StripeClient, clock: str, customer: str, behavior: str, status: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    change(client, subscription, pause_collection={"behavior": behavior, "resumes_at": RENEWAL + 5 * DAY})
    advance(client, clock, RENEWAL + HOUR)
    assert invoices_of(client, subscription.id)[-1].status == status
    advance(client, clock, months_after(START, 2) + HOUR)
    assert client.v1.subscriptions.retrieve(subscription.id).pause_collection is None
    assert invoices_of(client, subscription.id)[-1].status == "paid"


def test_a_sent_invoice_falls_due(client: stripe.StripeClient, clock: str, customer: str) -> None:
    sent: Any = {"collection_method": "send_invoice", "days_until_due": 5}
    subscription = subscribe(client, customer, monthly_price(client).id, **sent)
    advance(client, clock, START + 5 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    assert client.v1.customers.retrieve(customer).delinquent is True
    assert "invoice.overdue" in event_types(client)
    client.v1.invoices.pay(str(subscription.latest_invoice), params={"paid_out_of_band": True})
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_debit_is_decided_days_later(client: stripe.StripeClient, clock: str) -> None:
    customer = customer_on(client, clock, "pm_sepa_debit").id
    subscription = subscribe(client, customer, monthly_price(client).id)
    assert subscription.status == "active"
    advance(client, clock, START + 3 * DAY - 1)
    assert invoices_of(client, subscription.id)[0].status == "open"
    advance(client, clock, START + 3 * DAY)
    assert invoices_of(client, subscription.id)[0].status == "paid"


def test_a_checkout_that_nobody_completes_expires(client: stripe.StripeClient, clock: str, customer: str) -> None:
    session = open_session(client, monthly_price(client).id, customer=customer)
    advance(client, clock, START + DAY)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert event_types(client)[-2:] == ["checkout.session.expired", "test_helpers.test_clock.ready"]


def test_customers_without_a_clock_stay_where_they_are(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    made = sandbox.control("samples", account=account.id, mode="test", name="subscription")
    subscribe(client, customer, monthly_price(client).id)
    advance(client, clock, months_after(START, 2))
    assert len(invoices_of(client, made["subscription"])) == 1
