"""Payments that fail on a test clock, the tries after that, and what becomes of the subscription."""

import pytest
import stripe

from tests.sandbox.build import change, event_types, first_item, monthly_price, paying_customer, subscribe
from tests.sandbox.clocks import (
    DAY,
    HOUR,
    START,
    advance,
    customer_on,
    invoices_of,
    months_after,
    new_card,
    new_clock,
)
from tests.support.stripe.sandbox import Sandbox

FIRST_TRY = months_after(START, 1) + HOUR
TRIES = (FIRST_TRY, FIRST_TRY + 3 * DAY, FIRST_TRY + 8 * DAY, FIRST_TRY + 15 * DAY)


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


def failing(client: stripe.StripeClient, clock: str, card: str = "pm_card_chargeCustomerFail") -> stripe.Subscription:
    """A running subscription whose card fails from the next charge on."""
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, monthly_price(client).id)
    new_card(client, customer, card)
    return subscription


def fresh(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.id)


def test_a_failed_renewal_leaves_the_subscription_past_due_and_plans_the_next_try(
    client: stripe.StripeClient, clock: str
) -> None:
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY)
    assert fresh(client, subscription).status == "past_due"
    invoice = invoices_of(client, subscription.id)[-1]
    assert (invoice.status, invoice.attempt_count, invoice.attempted) == ("open", 1, True)
    assert invoice.next_payment_attempt == TRIES[1]
    assert client.v1.customers.retrieve(str(subscription.customer)).delinquent is True
    assert "invoice.payment_failed" in event_types(client)


def test_tries_come_on_their_days_until_the_last_and_then_the_subscription_is_canceled(
    client: stripe.StripeClient, clock: str
) -> None:
    subscription = failing(client, clock)
    for tried, (at, following) in enumerate(zip(TRIES, (*TRIES[1:], None), strict=True), 1):
        advance(client, clock, at - 1)
        assert invoices_of(client, subscription.id)[-1].attempt_count == tried - 1
        advance(client, clock, at)
        invoice = invoices_of(client, subscription.id)[-1]
        assert (invoice.attempt_count, invoice.next_payment_attempt) == (tried, following)
    ended = fresh(client, subscription)
    assert (ended.status, ended.ended_at) == ("canceled", TRIES[-1])
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.reason == "payment_failed"
    assert event_types(client).count("invoice.payment_failed") == len(TRIES)
    assert invoices_of(client, subscription.id)[-1].status == "open"


def test_the_owner_may_choose_unpaid_whose_later_invoices_stay_drafts(
    sandbox: Sandbox, client: stripe.StripeClient, clock: str
) -> None:
    sandbox.control("dunning", retry_days=[1], after="unpaid")
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY + DAY)
    assert fresh(client, subscription).status == "unpaid"
    advance(client, clock, months_after(START, 3) + DAY)
    statuses = [invoice.status for invoice in invoices_of(client, subscription.id)]
    assert statuses == ["paid", "open", "draft", "draft"]
    assert invoices_of(client, subscription.id)[-1].auto_advance is False
    new_card(client, str(subscription.customer), "pm_card_visa")
    client.v1.invoices.pay(invoices_of(client, subscription.id)[1].id)
    assert fresh(client, subscription).status == "unpaid"
    newest = invoices_of(client, subscription.id)[-1].id
    client.v1.invoices.finalize_invoice(newest)
    client.v1.invoices.pay(newest)
    assert fresh(client, subscription).status == "active"


def test_the_latest_invoice_given_up_makes_it_active_and_an_older_one_does_not(
    sandbox: Sandbox, client: stripe.StripeClient, clock: str
) -> None:
    sandbox.control("dunning", after="past_due")
    subscription = failing(client, clock)
    advance(client, clock, months_after(START, 2) + HOUR)
    _, older, latest = invoices_of(client, subscription.id)
    client.v1.invoices.mark_uncollectible(older.id)
    assert fresh(client, subscription).status == "past_due"
    client.v1.invoices.mark_uncollectible(latest.id)
    assert fresh(client, subscription).status == "active"


def test_a_void_invoice_counts_for_nothing(sandbox: Sandbox, client: stripe.StripeClient, clock: str) -> None:
    sandbox.control("dunning", after="past_due")
    subscription = failing(client, clock)
    advance(client, clock, months_after(START, 2) + HOUR)
    _, older, latest = invoices_of(client, subscription.id)
    client.v1.invoices.void_invoice(latest.id)
    assert fresh(client, subscription).status == "past_due"
    new_card(client, str(subscription.customer), "pm_card_visa")
    client.v1.invoices.pay(older.id)
    assert fresh(client, subscription).status == "active"


def test_a_change_that_is_paid_makes_it_active_though_an_older_invoice_is_open(
    sandbox: Sandbox, client: stripe.StripeClient, clock: str
) -> None:
    sandbox.control("dunning", after="past_due")
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY)
    new_card(client, str(subscription.customer), "pm_card_visa")
    more = [{"id": first_item(subscription).id, "quantity": 2}]
    changed = change(client, subscription, items=more, proration_behavior="always_invoice")
    assert changed.status == "active"
    assert [invoice.status for invoice in invoices_of(client, subscription.id)] == ["paid", "open", "paid"]


def test_a_detached_card_never_pays_again(client: stripe.StripeClient, clock: str) -> None:
    customer = customer_on(client, clock).id
    own = client.v1.payment_methods.attach("pm_card_mastercard", params={"customer": customer}).id
    subscription = subscribe(client, customer, monthly_price(client).id, default_payment_method=own)
    client.v1.payment_methods.detach(own)
    assert fresh(client, subscription).default_payment_method == own
    advance(client, clock, FIRST_TRY)
    assert fresh(client, subscription).status == "past_due"
    with pytest.raises(stripe.InvalidRequestError, match="detached"):
        client.v1.invoices.pay(invoices_of(client, subscription.id)[-1].id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(own, params={"customer": customer})


def test_or_past_due_for_good(sandbox: Sandbox, client: stripe.StripeClient, clock: str) -> None:
    sandbox.control("dunning", retry_days=[], after="past_due")
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY + 20 * DAY)
    assert fresh(client, subscription).status == "past_due"
    assert invoices_of(client, subscription.id)[-1].next_payment_attempt is None


def test_a_new_card_pays_at_the_next_try(client: stripe.StripeClient, clock: str) -> None:
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY + DAY)
    new_card(client, str(subscription.customer), "pm_card_visa")
    assert fresh(client, subscription).status == "past_due"
    advance(client, clock, TRIES[1])
    assert fresh(client, subscription).status == "active"
    assert invoices_of(client, subscription.id)[-1].status == "paid"
    assert client.v1.customers.retrieve(str(subscription.customer)).delinquent is False


def test_paying_in_between_makes_it_active_at_once(client: stripe.StripeClient, clock: str) -> None:
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY)
    new_card(client, str(subscription.customer), "pm_card_visa")
    client.v1.invoices.pay(invoices_of(client, subscription.id)[-1].id)
    assert fresh(client, subscription).status == "active"
    advance(client, clock, months_after(START, 2) + HOUR)
    assert [invoice.status for invoice in invoices_of(client, subscription.id)] == ["paid"] * 3


def test_paying_an_older_invoice_leaves_it_past_due_while_the_latest_is_open(
    sandbox: Sandbox, client: stripe.StripeClient, clock: str
) -> None:
    sandbox.control("dunning", after="past_due")
    subscription = failing(client, clock)
    advance(client, clock, months_after(START, 2) + HOUR)
    _, older, latest = invoices_of(client, subscription.id)
    new_card(client, str(subscription.customer), "pm_card_visa")
    client.v1.invoices.pay(older.id)
    assert fresh(client, subscription).status == "past_due"
    client.v1.invoices.pay(latest.id)
    assert fresh(client, subscription).status == "active"


def test_a_card_that_asks_for_its_owner_cannot_pay_by_itself(client: stripe.StripeClient, clock: str) -> None:
    subscription = failing(client, clock, "pm_card_authenticationRequired")
    advance(client, clock, FIRST_TRY)
    assert fresh(client, subscription).status == "past_due"
    assert {"invoice.payment_action_required", "invoice.payment_failed"} <= set(event_types(client))


def test_without_anything_to_pay_with_the_renewal_fails(client: stripe.StripeClient, clock: str) -> None:
    customer = customer_on(client, clock).id
    subscription = subscribe(client, customer, monthly_price(client).id)
    method = client.v1.payment_methods.list(params={"customer": customer}).data[0]
    client.v1.payment_methods.detach(method.id)
    advance(client, clock, FIRST_TRY)
    assert fresh(client, subscription).status == "past_due"


def test_a_try_on_demand_does_not_change_when_the_next_one_comes(client: stripe.StripeClient, clock: str) -> None:
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY + DAY)
    open_invoice = invoices_of(client, subscription.id)[-1]
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(open_invoice.id)
    after = client.v1.invoices.retrieve(open_invoice.id)
    assert (after.attempt_count, after.next_payment_attempt) == (1, TRIES[1])


def test_canceling_ends_the_tries(client: stripe.StripeClient, clock: str) -> None:
    subscription = failing(client, clock)
    advance(client, clock, FIRST_TRY)
    client.v1.subscriptions.cancel(subscription.id)
    invoice = invoices_of(client, subscription.id)[-1]
    assert (invoice.status, invoice.auto_advance, invoice.next_payment_attempt) == ("open", False, None)
    new_card(client, str(subscription.customer), "pm_card_visa")
    advance(client, clock, TRIES[-1])
    assert invoices_of(client, subscription.id)[-1].status == "open"


def test_a_first_invoice_is_not_tried_again(client: stripe.StripeClient, clock: str) -> None:
    customer = customer_on(client, clock, "pm_card_chargeCustomerFail").id
    subscription = subscribe(client, customer, monthly_price(client).id)
    assert subscription.status == "incomplete"
    assert invoices_of(client, subscription.id)[0].next_payment_attempt is None


def test_settings_are_those_of_one_account_where_it_is_named(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    other = sandbox.control("accounts", name="Other", country="IE", currency="eur")
    answer = sandbox.control("dunning", account=other["id"], after="unpaid")
    assert answer == {"settings": {other["id"]: {"retry_days": [3, 5, 7], "after": "unpaid"}}}
    subscribe(client, paying_customer(client).id, monthly_price(client).id)
