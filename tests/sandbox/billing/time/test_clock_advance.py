"""Time passes on a clock the same way in whatever steps it is told to."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.build import change, first_item, metered_price, monthly_price, subscribe
from tests.sandbox.clocks import HOUR, START, advance, customer_on, months_after, new_card, new_clock
from tests.support.stripe.sandbox import Sandbox

CARDS = (None, "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired", "pm_sepa_debit")
WALK = months_after(START, 4)


@dataclass(frozen=True)
class Story:
    """A subscription: what it starts with, and what is done to it when, in hours from the start."""

    card: str | None
    prices: tuple[str, ...]
    trial_days: int | None
    missing: str
    deeds: tuple[tuple[int, str], ...]


stories = st.builds(
    Story,
    card=st.sampled_from(CARDS),
    prices=st.lists(st.sampled_from(("month", "year", "week", "usage")), min_size=1, max_size=3, unique=True).map(
        tuple
    ),
    trial_days=st.none() | st.integers(1, 40),
    missing=st.sampled_from(("cancel", "create_invoice", "pause")),
    deeds=st.lists(
        st.tuples(
            st.integers(0, 3000),
            st.sampled_from(
                ("more", "at once", "end", "go on", "cancel", "plan", "use", "pause", "resume", *filter(None, CARDS))
            ),
        ),
        max_size=5,
    ).map(lambda deeds: tuple(sorted(deeds))),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture(scope="module")
def prices(shared: Sandbox) -> dict[str, str]:
    client = shared.client(shared.account().test_key)
    intervals = ("week", "month", "year")
    made = {name: monthly_price(client, 3100, recurring={"interval": name}).id for name in intervals}
    return {**made, "usage": metered_price(client).id}


def begin(client: stripe.StripeClient, clock: str, story: Story, prices: dict[str, str]) -> stripe.Subscription:
    """The subscription of a story as it starts."""
    card = story.card if story.trial_days is not None else story.card or "pm_card_visa"
    customer = customer_on(client, clock, card).id
    more: dict[str, Any] = {"items": [{"price": prices[name]} for name in story.prices]}
    if story.trial_days is not None:
        settings = {"end_behavior": {"missing_payment_method": story.missing}}
        more |= {"trial_period_days": story.trial_days, "trial_settings": settings}
    return subscribe(client, customer, "", **more)


def do(client: stripe.StripeClient, subscription: stripe.Subscription, deed: str, prices: dict[str, str]) -> str:
    """One deed of a story; what Stripe said if it was refused."""
    fresh = client.v1.subscriptions.retrieve(subscription.id)
    item = first_item(fresh)
    try:
        if deed in ("more", "at once"):
            behavior = "always_invoice" if deed == "at once" else "create_prorations"
            quantity = {} if item.quantity is None else {"quantity": item.quantity + 1}
            change(client, fresh, items=[{"id": item.id, **quantity}], proration_behavior=behavior)
        elif deed in ("end", "go on"):
            change(client, fresh, cancel_at_period_end=deed == "end")
        elif deed == "cancel":
            client.v1.subscriptions.cancel(fresh.id, params={"invoice_now": True})
        elif deed == "pause":
            client.v1.subscriptions.pause(fresh.id)
        elif deed == "resume":
            client.v1.subscriptions.resume(fresh.id)
        elif deed == "plan":
            plan(client, fresh, prices["month"])
        elif deed == "use":
            payload = {"stripe_customer_id": str(fresh.customer), "value": "3"}
            client.v1.billing.meter_events.create(params={"event_name": "messages", "payload": payload})
        else:
            new_card(client, str(fresh.customer), deed)
    except stripe.StripeError as refused:
        return str(refused.error.code if refused.error else refused)
    return "done"


def plan(client: stripe.StripeClient, subscription: stripe.Subscription, price: str) -> None:
    """From the end of the period on, the subscription is to one price alone."""
    schedule = client.v1.subscription_schedules.create(params={"from_subscription": subscription.id})
    current = schedule.phases[0]
    items = [
        {"price": one.price} | ({} if one.quantity is None else {"quantity": one.quantity}) for one in current["items"]
    ]
    phases: Any = [
        {"start_date": current.start_date, "end_date": current.end_date, "items": items},
        {"items": [{"price": price, "quantity": 2}], "duration": {"interval": "month"}},
    ]
    client.v1.subscription_schedules.update(schedule.id, params={"phases": phases})


def walk(
    client: stripe.StripeClient, tales: list[Story], prices: dict[str, str], stops: list[int]
) -> list[dict[str, Any]]:
    """What becomes of the stories when the clock stops at some more times."""
    clock = new_clock(client)
    subscriptions = [begin(client, clock, story, prices) for story in tales]
    deeds = [(START + hour * HOUR, n, deed) for n, story in enumerate(tales) for hour, deed in story.deeds]
    said = []
    for at in sorted({WALK, *stops, *(at for at, _, _ in deeds)}):
        advance(client, clock, at)
        said += [do(client, subscriptions[n], deed, prices) for when, n, deed in deeds if when == at]
    return [{"said": said}, *(told(client, one) for one in subscriptions)]


def told(client: stripe.StripeClient, subscription: stripe.Subscription) -> dict[str, Any]:
    """A subscription and its invoices, ids aside."""
    fresh = client.v1.subscriptions.retrieve(subscription.id)
    invoices = client.v1.invoices.list(params={"subscription": subscription.id, "limit": 100})
    names = ("status", "canceled_at", "ended_at", "cancel_at", "trial_end", "billing_cycle_anchor")
    periods = ("current_period_start", "current_period_end", "quantity")
    return {
        **{name: getattr(fresh, name) for name in names},
        "items": [(item.price.id, *(getattr(item, name) for name in periods)) for item in fresh["items"].data],
        "delinquent": client.v1.customers.retrieve(str(fresh.customer)).delinquent,
        "invoices": [invoice_told(invoice) for invoice in invoices.auto_paging_iter()],
    }


def invoice_told(invoice: stripe.Invoice) -> tuple[Any, ...]:
    """An invoice, ids aside."""
    names = ("status", "billing_reason", "created", "period_start", "period_end", "total", "amount_paid")
    tries = ("attempt_count", "next_payment_attempt", "automatically_finalizes_at", "auto_advance")
    lines = tuple((line.amount, line.period.start, line.period.end, line.description) for line in invoice.lines.data)
    times = invoice.status_transitions.to_dict()
    return (*(getattr(invoice, name) for name in (*names, *tries)), lines, times)


@settings(max_examples=12, deadline=None)
@given(
    tales=st.lists(stories, min_size=1, max_size=3),
    stops=st.lists(st.integers(START + 1, WALK), min_size=1, max_size=30),
)
def test_in_large_or_in_small_steps_all_ends_the_same(
    shared: Sandbox, prices: dict[str, str], tales: list[Story], stops: list[int]
) -> None:
    client = shared.client(shared.account().test_key)
    assert walk(client, tales, prices, []) == walk(client, tales, prices, stops)


def test_fifty_customers_walk_through_a_year_in_seconds(shared: Sandbox, prices: dict[str, str]) -> None:
    client = shared.client(shared.account().test_key)
    shared.control("clocks", customers_per_clock=50)
    chance, clock = random.Random(7), new_clock(client)
    items: Any = [{"price": prices["month"]}, {"price": prices["usage"]}]
    for _ in range(50):
        customer = customer_on(client, clock).id
        subscribe(client, customer, "", items=items)
        if chance.random() < 0.2:
            new_card(client, customer, "pm_card_chargeCustomerFail")
    began = time.process_time()
    advance(client, clock, months_after(START, 12) + HOUR)
    assert time.process_time() - began < 12
    subscriptions = client.v1.subscriptions.list(params={"test_clock": clock, "status": "all", "limit": 100}).data
    assert {one.status for one in subscriptions} == {"active", "canceled"}
