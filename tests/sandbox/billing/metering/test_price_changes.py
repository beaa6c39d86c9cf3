"""Usage when the price changes, in both billing modes: each unit has the price at which it was reported, or is lost."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing.metering.build import DAY, errors, report
from tests.sandbox.build import change, first_item, metered_price, monthly_price, subscribe
from tests.sandbox.clocks import HOUR, START, advance, customer_on, invoices_of, months_after, new_card, new_clock
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

RENEWAL = months_after(START, 1)
CLASSIC: dict[str, Any] = {"billing_mode": {"type": "classic"}}


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


@pytest.fixture
def customer(client: stripe.StripeClient, clock: str) -> str:
    return customer_on(client, clock).id


def half_used(client: stripe.StripeClient, clock: str, customer: str, **more: Any) -> stripe.Subscription:
    """Ten days at 0.20 a message, with 30 of them reported."""
    subscription = subscribe(client, customer, metered_price(client, 20).id, **more)
    advance(client, clock, START + 10 * DAY)
    report(client, customer, 30)
    return subscription


def dearer(client: stripe.StripeClient, subscription: stripe.Subscription, **more: Any) -> stripe.Subscription:
    """Switch to 0.50 a message."""
    item = first_item(subscription)
    assert item.price.recurring is not None
    recurring = {"interval": "month", "usage_type": "metered", "meter": item.price.recurring.meter}
    price = monthly_price(client, 50, recurring=recurring).id
    return change(client, subscription, items=[{"id": item.id, "price": price}], **more)


def billed(client: stripe.StripeClient, subscription: stripe.Subscription) -> list[list[tuple[int, int | None]]]:
    """Amount and quantity of the lines of each invoice that bills anything, oldest first."""
    found = [
        [(line.amount, line.quantity) for line in invoice.lines.data if line.amount]
        for invoice in invoices_of(client, subscription.id)
    ]
    return [lines for lines in found if lines]


def test_each_unit_has_the_price_at_which_it_was_reported(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = half_used(client, clock, customer)
    dearer(client, subscription)
    report(client, customer, 4)
    report(client, customer, 5, START + DAY)  # used before the change, reported after it
    advance(client, clock, RENEWAL)
    report(client, customer, 1, RENEWAL - 1)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(30 * 20, 30), (10 * 50, 10)]]


def test_the_use_so_far_is_billed_at_once_when_asked(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = half_used(client, clock, customer)
    dearer(client, subscription, proration_behavior="always_invoice")
    assert billed(client, subscription) == [[(600, 30)]]
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(600, 30)], [(200, 4)]]


def test_without_prorations_the_use_so_far_is_lost(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = half_used(client, clock, customer)
    dearer(client, subscription, proration_behavior="none")
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(200, 4)]]


def test_without_prorations_an_item_that_goes_takes_its_use_along(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = half_used(client, clock, customer)
    items = [{"id": first_item(subscription).id, "deleted": True}, {"price": monthly_price(client, 100).id}]
    change(client, subscription, items=items, proration_behavior="none")
    advance(client, clock, RENEWAL + HOUR)
    assert all((600, 30) not in lines for lines in billed(client, subscription))


def test_what_was_reported_with_a_moment_yet_to_come_has_the_old_price(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = half_used(client, clock, customer)
    report(client, customer, 2, START + 10 * DAY + 300)
    dearer(client, subscription)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(32 * 20, 32)]]


def test_a_change_bills_what_was_received_even_if_it_is_not_processed_yet(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    sandbox.control("metering", account=account.id, processing_seconds=HOUR)
    report(client, customer, 30)
    dearer(client, subscription)
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(600, 30), (200, 4)]]


@pytest.mark.parametrize("behavior", ["create_prorations", "always_invoice", "none"])
def test_in_classic_mode_the_use_before_a_change_is_never_billed(
    client: stripe.StripeClient, clock: str, customer: str, behavior: str
) -> None:
    subscription = half_used(client, clock, customer, **CLASSIC)
    dearer(client, subscription, proration_behavior=behavior)
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(200, 4)]]


@pytest.mark.parametrize("mode", [{}, CLASSIC])
@pytest.mark.parametrize("behavior", ["create_prorations", "none"])
def test_a_new_billing_cycle_bills_the_use_in_both_modes(
    client: stripe.StripeClient, clock: str, customer: str, mode: dict[str, Any], behavior: str
) -> None:
    subscription = half_used(client, clock, customer, **mode)
    dearer(client, subscription, billing_cycle_anchor={"type": "now"}, proration_behavior=behavior)
    assert billed(client, subscription) == [[(600, 30)]]
    report(client, customer, 4)
    advance(client, clock, months_after(START + 10 * DAY, 1) + HOUR)
    assert billed(client, subscription) == [[(600, 30)], [(200, 4)]]


def scheduled(
    client: stripe.StripeClient, subscription: stripe.Subscription, at: int, behavior: str
) -> stripe.SubscriptionSchedule:
    """A schedule that switches to 0.50 a message at a time."""
    item = first_item(subscription)
    assert item.price.recurring is not None
    recurring = {"interval": "month", "usage_type": "metered", "meter": item.price.recurring.meter}
    price = monthly_price(client, 50, recurring=recurring).id
    made = client.v1.subscription_schedules.create(params={"from_subscription": subscription.id})
    phases: Any = [
        {"items": [{"price": item.price.id}], "start_date": START, "end_date": at},
        {"items": [{"price": price}], "proration_behavior": behavior, "duration": {"interval": "month"}},
    ]
    return client.v1.subscription_schedules.update(made.id, params={"phases": phases})


@pytest.mark.parametrize("behavior", ["create_prorations", "none"])
def test_a_phase_from_the_periods_end_bills_the_use_whatever_its_prorations(
    client: stripe.StripeClient, clock: str, customer: str, behavior: str
) -> None:
    subscription = half_used(client, clock, customer)
    scheduled(client, subscription, RENEWAL, behavior)
    advance(client, clock, RENEWAL)
    report(client, customer, 1, RENEWAL - 1)
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(31 * 20, 31)]]
    advance(client, clock, months_after(START, 2) + HOUR)
    assert billed(client, subscription) == [[(31 * 20, 31)], [(200, 4)]]


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [
        ("create_prorations", [[(600, 30), (200, 4)]]),
        ("none", [[(200, 4)]]),
        ("always_invoice", [[(600, 30)], [(200, 4)]]),
    ],
)
def test_a_phase_from_the_middle_of_a_period_follows_its_prorations(
    client: stripe.StripeClient, clock: str, customer: str, behavior: str, expected: list[list[tuple[int, int]]]
) -> None:
    subscription = half_used(client, clock, customer)
    scheduled(client, subscription, START + 20 * DAY, behavior)
    advance(client, clock, START + 20 * DAY)
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == expected


def test_a_change_that_waits_for_its_payment_bills_what_was_received(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    """Also what is not processed, or what summaries do not show yet."""
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    sandbox.control("metering", account=account.id, processing_seconds=HOUR, summary_seconds=HOUR)
    report(client, customer, 30)
    new_card(client, customer, "pm_card_chargeCustomerFail")
    always: Any = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    assert dearer(client, subscription, **always).pending_update is not None
    new_card(client, customer, "pm_card_visa")
    client.v1.invoices.pay(invoices_of(client, subscription.id)[-1].id)
    report(client, customer, 4)
    advance(client, clock, RENEWAL + HOUR)
    assert billed(client, subscription) == [[(600, 30)], [(200, 4)]]


def test_a_refused_change_keeps_the_report_of_what_it_found_rejected(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, metered_price(client, 20).id)
    sandbox.control("metering", account=account.id, processing_seconds=HOUR)
    for value in ("30", "many"):
        report(client, customer, value)
    new_card(client, customer, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        dearer(client, subscription, proration_behavior="always_invoice", payment_behavior="error_if_incomplete")
    client.v1.products.list()
    assert errors(sandbox, account) == {"meter_event_invalid_value": 1}
