"""Subscription schedules: planned changes that come with the clock's time."""

from typing import Any

import pytest
import stripe

from tests.sandbox.build import change, event_types, first_item, metered_price, monthly_price, subscribe
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

RENEWAL = months_after(START, 1)


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return new_clock(client)


@pytest.fixture
def customer(client: stripe.StripeClient, clock: str) -> str:
    return customer_on(client, clock).id


def attach(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.SubscriptionSchedule:
    return client.v1.subscription_schedules.create(params={"from_subscription": subscription.id})


def plan(
    client: stripe.StripeClient, schedule: stripe.SubscriptionSchedule, following: list[Any], **more: Any
) -> stripe.SubscriptionSchedule:
    """The phase that runs as it is, then the ones given."""
    current = schedule.phases[0]
    items = [{"price": item.price, "quantity": item.quantity} for item in current["items"]]
    items = [{name: value for name, value in item.items() if value is not None} for item in items]
    first = {"start_date": current.start_date, "end_date": current.end_date, "items": items}
    params: Any = {"phases": [first, *following], **more}
    return client.v1.subscription_schedules.update(schedule.id, params=params)


def fresh(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.id)


def prices_of(subscription: stripe.Subscription) -> set[str]:
    return {item.price.id for item in subscription["items"].data}


def test_a_schedule_starts_with_the_subscription_as_it_is(client: stripe.StripeClient, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    schedule = attach(client, subscription)
    assert (schedule.status, schedule.end_behavior, schedule.subscription) == ("active", "release", subscription.id)
    assert schedule.current_phase is not None
    assert (schedule.current_phase.start_date, schedule.current_phase.end_date) == (START, RENEWAL)
    phase = schedule.phases[0]
    assert [(item.price, item.quantity) for item in phase["items"]] == [(first_item(subscription).price.id, 1)]
    assert fresh(client, subscription).schedule == schedule.id
    assert "subscription_schedule.created" in event_types(client)


def test_a_subscription_has_one_schedule_at_most(client: stripe.StripeClient, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    attach(client, subscription)
    with pytest.raises(stripe.InvalidRequestError, match="already attached to a schedule"):
        attach(client, subscription)


def test_a_cheaper_plan_comes_with_the_next_period(client: stripe.StripeClient, clock: str, customer: str) -> None:
    high, low = monthly_price(client, 5000).id, monthly_price(client, 1000).id
    subscription = subscribe(client, customer, high)
    plan(client, attach(client, subscription), [{"items": [{"price": low}], "duration": {"interval": "month"}}])
    advance(client, clock, RENEWAL - 1)
    assert prices_of(fresh(client, subscription)) == {high}
    advance(client, clock, RENEWAL + HOUR)
    changed = fresh(client, subscription)
    assert (prices_of(changed), renewed_at(changed)) == ({low}, months_after(START, 2))
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [5000, 1000]
    assert changed.schedule is not None
    advance(client, clock, months_after(START, 2) + HOUR)
    released = fresh(client, subscription)
    assert (released.schedule, prices_of(released), released.status) == (None, {low}, "active")
    assert [invoice.total for invoice in invoices_of(client, subscription.id)] == [5000, 1000, 1000]
    assert {"subscription_schedule.updated", "subscription_schedule.released"} <= set(event_types(client))


def test_a_plan_with_usage_changes_as_a_whole_and_old_use_has_the_old_price(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    used = metered_price(client, 20)
    assert used.recurring is not None
    meter = {"interval": "month", "usage_type": "metered", "meter": used.recurring.meter}
    cheaper = monthly_price(client, 10, recurring=meter).id
    high, low = monthly_price(client, 5000).id, monthly_price(client, 1000).id
    subscription = subscribe(client, customer, high, items=[{"price": high}, {"price": used.id}])
    plan(client, attach(client, subscription), [{"items": [{"price": low}, {"price": cheaper}]}])
    for month in (0, 1):
        advance(client, clock, months_after(START, month) + DAY)
        payload = {"stripe_customer_id": customer, "value": "7"}
        client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
    advance(client, clock, months_after(START, 2) + HOUR)
    first, second, third = (invoice.total for invoice in invoices_of(client, subscription.id))
    assert (first, second, third) == (5000, 1000 + 7 * 20, 1000 + 7 * 10)
    assert prices_of(fresh(client, subscription)) == {low, cheaper}


def test_from_month_to_year_the_cycle_starts_anew(client: stripe.StripeClient, clock: str, customer: str) -> None:
    monthly = monthly_price(client, 1000).id
    yearly = monthly_price(client, 10000, recurring={"interval": "year"}).id
    subscription = subscribe(client, customer, monthly)
    advance(client, clock, months_after(START, 2) + HOUR)
    plan(client, attach(client, subscription), [{"items": [{"price": yearly}]}])
    advance(client, clock, months_after(START, 3) + HOUR)
    changed = fresh(client, subscription)
    assert (prices_of(changed), renewed_at(changed)) == ({yearly}, months_after(START, 15))
    assert invoices_of(client, subscription.id)[-1].total == 10000


def test_a_phase_in_the_middle_of_a_period_prorates_as_it_says(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client, 3100).id)
    schedule = attach(client, subscription)
    items: Any = [{"price": first_item(subscription).price.id, "quantity": 1}]
    more: Any = [{"price": first_item(subscription).price.id, "quantity": 2}]
    middle = START + 21 * DAY
    phases: Any = [
        {"start_date": START, "end_date": middle, "items": items},
        {"items": more, "end_date": RENEWAL, "proration_behavior": "always_invoice"},
    ]
    client.v1.subscription_schedules.update(schedule.id, params={"phases": phases})
    advance(client, clock, middle)
    assert first_item(fresh(client, subscription)).quantity == 2
    invoice = invoices_of(client, subscription.id)[-1]
    assert (invoice.billing_reason, invoice.total, invoice.status) == ("subscription_update", 1000, "paid")


def test_what_changes_in_the_phase_that_runs_changes_at_once(client: stripe.StripeClient, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client, 1000).id)
    schedule = attach(client, subscription)
    items: Any = [{"price": first_item(subscription).price.id, "quantity": 3}]
    phases: Any = [{"start_date": START, "end_date": RENEWAL, "items": items}]
    client.v1.subscription_schedules.update(
        schedule.id, params={"phases": phases, "proration_behavior": "always_invoice"}
    )
    assert first_item(fresh(client, subscription)).quantity == 3
    assert invoices_of(client, subscription.id)[-1].total == 2000


def test_released_it_changes_nothing_any_more(client: stripe.StripeClient, clock: str, customer: str) -> None:
    high, low = monthly_price(client, 5000).id, monthly_price(client, 1000).id
    subscription = subscribe(client, customer, high)
    schedule = plan(client, attach(client, subscription), [{"items": [{"price": low}]}])
    released = client.v1.subscription_schedules.release(schedule.id)
    assert (released.status, released.subscription, released.released_subscription) == (
        "released",
        None,
        subscription.id,
    )
    assert (released.released_at, released.current_phase) == (START, None)
    advance(client, clock, RENEWAL + HOUR)
    assert prices_of(fresh(client, subscription)) == {high}
    for again in (client.v1.subscription_schedules.release, client.v1.subscription_schedules.cancel):
        with pytest.raises(stripe.InvalidRequestError, match="`released` status"):
            again(schedule.id)
    with pytest.raises(stripe.InvalidRequestError, match="`released` status"):
        client.v1.subscription_schedules.update(schedule.id, params={"metadata": {"a": "b"}})


def test_the_end_of_a_scheduled_subscription_is_the_schedules(client: stripe.StripeClient, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    attach(client, subscription)
    for given in ({"cancel_at_period_end": True}, {"cancel_at": RENEWAL}, {"cancel_at_period_end": False}):
        with pytest.raises(stripe.InvalidRequestError, match="updating any cancelation behavior directly"):
            change(client, subscription, **given)


def test_a_schedule_may_end_its_subscription(client: stripe.StripeClient, clock: str, customer: str) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    schedule = plan(client, attach(client, subscription), [], end_behavior="cancel")
    assert fresh(client, subscription).cancel_at == RENEWAL
    advance(client, clock, RENEWAL)
    assert fresh(client, subscription).status == "canceled"
    completed = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (completed.status, completed.completed_at) == ("completed", RENEWAL)
    assert {"subscription_schedule.expiring", "subscription_schedule.completed"} <= set(event_types(client))


def test_taking_that_end_back_leaves_the_subscription_running(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    subscription = subscribe(client, customer, monthly_price(client).id)
    schedule = plan(client, attach(client, subscription), [], end_behavior="cancel")
    client.v1.subscription_schedules.update(schedule.id, params={"end_behavior": "release"})
    assert fresh(client, subscription).cancel_at is None
    advance(client, clock, RENEWAL)
    assert fresh(client, subscription).status == "active"


def test_changing_items_directly_changes_the_phase_that_runs_and_not_the_next(
    client: stripe.StripeClient, clock: str, customer: str
) -> None:
    high, low = monthly_price(client, 5000).id, monthly_price(client, 1000).id
    highest = monthly_price(client, 9000).id
    subscription = subscribe(client, customer, high)
    schedule = plan(client, attach(client, subscription), [{"items": [{"price": low}]}])
    change(client, subscription, items=[{"id": first_item(subscription).id, "price": highest}])
    phases = client.v1.subscription_schedules.retrieve(schedule.id).phases
    assert [phase["items"][0].price for phase in phases] == [highest, low]
    advance(client, clock, RENEWAL)
    assert prices_of(fresh(client, subscription)) == {low}


def test_canceling_either_cancels_both(client: stripe.StripeClient, customer: str) -> None:
    price = monthly_price(client).id
    first, second = (subscribe(client, customer, price) for _ in range(2))
    schedules = [attach(client, one) for one in (first, second)]
    client.v1.subscriptions.cancel(first.id)
    client.v1.subscription_schedules.cancel(schedules[1].id, params={"invoice_now": False, "prorate": False})
    for subscription, schedule in zip((first, second), schedules, strict=True):
        assert fresh(client, subscription).status == "canceled"
        assert client.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert event_types(client).count("subscription_schedule.canceled") == 2


def test_lists_hide_schedules_on_clocks_unless_the_customer_is_given(
    client: stripe.StripeClient, customer: str
) -> None:
    schedule = attach(client, subscribe(client, customer, monthly_price(client).id))
    assert client.v1.subscription_schedules.list().data == []
    found = client.v1.subscription_schedules.list(params={"customer": customer, "expand": ["data.subscription"]})
    assert [one.id for one in found] == [schedule.id]


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ([{}], "start_date"),
        ([{"start_date": START + 1}], "start date of the current phase"),
        ([{"start_date": START, "iterations": 2}], "iterations"),
        ([{"start_date": START, "end_date": START}], "end date"),
        ([{"start_date": START, "end_date": RENEWAL, "duration": {"interval": "day"}}], "only specify"),
        ([{"start_date": START}, {"start_date": START + 5}], "without a gap"),
    ],
)
def test_phases_that_make_no_sense_are_refused(
    client: stripe.StripeClient, customer: str, phases: list[dict[str, Any]], words: str
) -> None:
    price = monthly_price(client).id
    schedule = attach(client, subscribe(client, customer, price))
    given: Any = [{**phase, "items": [{"price": price}]} for phase in phases]
    with pytest.raises(stripe.InvalidRequestError, match=words):
        client.v1.subscription_schedules.update(schedule.id, params={"phases": given})
