"""How trials end on a test clock."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import change, event_types, monthly_price, subscribe
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

END = START + 14 * DAY


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


def trial(client: stripe.StripeClient, clock: str, card: str | None, missing: str | None = None) -> stripe.Subscription:
    """A subscription that tries for fourteen days."""
    settings: Any = {} if missing is None else {"end_behavior": {"missing_payment_method": missing}}
    more = {} if missing is None else {"trial_settings": settings}
    customer = customer_on(client, clock, card).id
    return subscribe(client, customer, monthly_price(client).id, trial_period_days=14, **more)


def fresh(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.id)


def test_the_end_is_announced_three_days_before(client: stripe.StripeClient, clock: str) -> None:
    trial(client, clock, "pm_card_visa")
    advance(client, clock, END - 3 * DAY - 1)
    assert "customer.subscription.trial_will_end" not in event_types(client)
    advance(client, clock, END)
    assert event_types(client).count("customer.subscription.trial_will_end") == 1


def test_with_a_card_the_first_period_that_costs_begins(client: stripe.StripeClient, clock: str) -> None:
    subscription = trial(client, clock, "pm_card_visa")
    advance(client, clock, END)
    active = fresh(client, subscription)
    assert (active.status, renewed_at(active)) == ("active", months_after(END, 1))
    advance(client, clock, END + HOUR)
    free, first = invoices_of(client, subscription.id)
    assert (free.total, first.total, first.status) == (0, 1000, "paid")
    assert fresh(client, subscription).trial_end == END


def test_with_a_card_that_fails_it_is_past_due(client: stripe.StripeClient, clock: str) -> None:
    subscription = trial(client, clock, "pm_card_chargeCustomerFail")
    advance(client, clock, END + HOUR)
    assert fresh(client, subscription).status == "past_due"


@pytest.mark.parametrize(
    ("missing", "at_the_end", "an_hour_later"),
    [
        (None, "active", "past_due"),
        ("create_invoice", "active", "past_due"),
        ("cancel", "canceled", "canceled"),
        ("pause", "paused", "paused"),
    ],
)
def test_without_a_card_it_goes_as_chosen(
    client: stripe.StripeClient, clock: str, missing: str | None, at_the_end: str, an_hour_later: str
) -> None:
    subscription = trial(client, clock, None, missing)
    advance(client, clock, END)
    assert fresh(client, subscription).status == at_the_end
    advance(client, clock, END + HOUR)
    assert fresh(client, subscription).status == an_hour_later


def test_a_trial_that_ends_without_a_card_says_that_it_paused_for_that(client: stripe.StripeClient, clock: str) -> None:
    subscription = trial(client, clock, None, "pause")
    advance(client, clock, months_after(START, 3))
    paused = fresh(client, subscription)
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "trial_end_without_payment_method"
    assert paused.status_details.paused.transitioned_at == END
    assert "customer.subscription.paused" in event_types(client)
    assert len(invoices_of(client, subscription.id)) == 1


def test_an_extended_trial_ends_later_and_is_announced_again(client: stripe.StripeClient, clock: str) -> None:
    subscription = trial(client, clock, "pm_card_visa")
    advance(client, clock, END - DAY)
    change(client, subscription, trial_end=END + 10 * DAY)
    advance(client, clock, END + HOUR)
    assert fresh(client, subscription).status == "trialing"
    advance(client, clock, END + 10 * DAY)
    assert fresh(client, subscription).status == "active"
    assert event_types(client).count("customer.subscription.trial_will_end") == 2


def test_the_cycle_may_stay_where_it_was_and_the_rest_of_it_costs_its_share(
    client: stripe.StripeClient, clock: str
) -> None:
    customer, price = customer_on(client, clock).id, monthly_price(client, 3100).id
    settings: Any = {"end_behavior": {"billing_cycle_anchor": "unchanged", "missing_payment_method": "cancel"}}
    subscription = subscribe(client, customer, price, trial_end=START + 21 * DAY, trial_settings=settings)
    advance(client, clock, START + 21 * DAY)
    active = fresh(client, subscription)
    assert (active.billing_cycle_anchor, renewed_at(active)) == (START, months_after(START, 1))
    advance(client, clock, months_after(START, 1))
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [0, 1000, 3100]


@pytest.mark.parametrize(("proration", "first"), [("create_prorations", 1000), ("none", None)])
def test_a_cycle_that_starts_later_costs_the_share_until_then(
    client: stripe.StripeClient, clock: str, proration: str, first: int | None
) -> None:
    customer, price = customer_on(client, clock).id, monthly_price(client, 3100).id
    more: Any = {"billing_cycle_anchor": START + 10 * DAY, "proration_behavior": proration}
    subscription = subscribe(client, customer, price, **more)
    advance(client, clock, START + 10 * DAY)
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [
        *([] if first is None else [first]),
        3100,
    ]
    with pytest.raises(stripe.InvalidRequestError, match="billing_cycle_anchor"):
        subscribe(client, customer, price, billing_cycle_anchor=months_after(START, 3))


def test_a_trial_that_is_canceled_ends_without_a_bill(client: stripe.StripeClient, clock: str) -> None:
    subscription = trial(client, clock, "pm_card_visa")
    change(client, subscription, cancel_at_period_end=True)
    advance(client, clock, END + HOUR)
    assert fresh(client, subscription).status == "canceled"
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [0]


@pytest.mark.parametrize(
    ("missing", "status"),
    [(None, "past_due"), ("create_invoice", "past_due"), ("cancel", "canceled"), ("pause", "paused")],
)
@pytest.mark.parametrize("behavior", ["allow_incomplete", "pending_if_incomplete", "error_if_incomplete"])
def test_a_trial_that_is_ended_now_without_a_card_goes_as_chosen(
    client: stripe.StripeClient, clock: str, missing: str | None, status: str, behavior: str
) -> None:
    subscription = trial(client, clock, None, missing)
    if status == "past_due" and behavior == "error_if_incomplete":
        with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
            change(client, subscription, trial_end="now", payment_behavior=behavior)
        return
    ended = change(client, subscription, trial_end="now", payment_behavior=behavior)
    if status == "past_due" and behavior == "pending_if_incomplete":
        assert (ended.status, ended.pending_update is not None) == ("trialing", True)
        return
    assert (ended.status, ended.trial_end) == (status, START)
    if status != "past_due":
        assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [0]


def test_a_trial_that_is_ended_now_with_a_card_in_the_same_call_is_paid(
    client: stripe.StripeClient, clock: str
) -> None:
    subscription = trial(client, clock, None, "cancel")
    ended = change(client, subscription, trial_end="now", default_payment_method="pm_card_visa")
    assert (ended.status, invoices_of(client, subscription.id)[-1].status) == ("active", "paid")


def test_what_is_chosen_in_the_call_that_ends_the_trial_holds(client: stripe.StripeClient, clock: str) -> None:
    subscription = trial(client, clock, None, "cancel")
    settings: Any = {"end_behavior": {"missing_payment_method": "pause"}}
    ended = change(client, subscription, trial_end="now", trial_settings=settings)
    assert ended.trial_settings is not None
    assert (ended.status, ended.trial_settings.end_behavior.billing_cycle_anchor) == ("paused", "now")
