"""The next payment equals Stripe's preview in every state, or says that it is not known yet."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.client_portal.billing_page import billing_page
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.client_subscriptions import link_of, subscriptions_of
from billingportal.domain.subscriptions.next_payment import NextPayment, next_payment
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER
from billingportal.models import Client
from billingportal.models.auth.staff import Staff
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_card, new_clock
from tests.support.people.clients import Subscribed, connection
from tests.support.people.plan_changes import move
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

# The rows are read alike from both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
Life = Callable[[Store, Subscribed, str], None]


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def shown(store: Store, client: Subscribed, test_clock: str) -> NextPayment | None:
    """What the pages say, after all news has come."""
    store.refresh(client, test_clock)
    account, gateway = connection()
    reconciliation.refresh(transaction, gateway, account.id, CUSTOMER, client.customer)
    session = db.session()
    session.rollback()
    row = session.get_one(Client, client.client_id)
    (subscription,) = subscriptions_of(session, link_of(session, row))
    found = next_payment(session, subscription, moment_of(session, row))
    assert billing_page(session, row).next == found
    return found


def previewed(store: Store, client: Subscribed) -> stripe.Invoice | None:
    try:
        return store.sdk.v1.invoices.create_preview({"subscription": client.subscription})
    except stripe.InvalidRequestError:
        return None


def usage_in(invoice: stripe.Invoice) -> int:
    """What is charged for usage so far."""
    metered = [line.amount for line in invoice.lines.data if (line.description or "").endswith("0.03 / month)")]
    return sum(metered)


def update(**terms: Any) -> Life:
    """A change in Stripe's dashboard."""
    params: Any = {**terms, "proration_behavior": "none"}
    return lambda store, client, _: void(store.sdk.v1.subscriptions.update(client.subscription, params))


def void(_: object) -> None:
    """A life returns nothing."""


def balance(minor: int) -> Life:
    return lambda store, client, _: void(store.sdk.v1.customers.update(client.customer, {"balance": minor}))


def days(number: int) -> Life:
    def pass_days(store: Store, client: Subscribed, test_clock: str) -> None:
        advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + number * DAY + 2 * HOUR)

    return pass_days


def planned_here(store: Store, client: Subscribed, test_clock: str) -> None:
    move(client.client_id, store.starter)


def planned_in_stripe(store: Store, client: Subscribed, test_clock: str) -> None:
    """A move to Scale, set in Stripe's dashboard."""
    schedule = store.sdk.v1.subscription_schedules.create({"from_subscription": client.subscription})
    now = schedule.phases[0]
    present = [{"price": item.price, "quantity": item.quantity} for item in now["items"]]
    coming = [{"price": price, "quantity": 1} for price in flat_prices(store, "Scale")]
    phases: Any = [
        {"items": present, "start_date": now.start_date, "end_date": now.end_date},
        {"items": coming, "duration": {"interval": "month"}},
    ]
    store.sdk.v1.subscription_schedules.update(schedule.id, {"phases": phases, "proration_behavior": "none"})


def change_declined(store: Store, client: Subscribed, test_clock: str) -> None:
    """A move to Scale whose invoice the card could not pay; it is void."""
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    move(client.client_id, store.scale, Selection(("month", 1), "usd", {"contacts": 10}))


def flat_prices(store: Store, name: str) -> list[str]:
    """The flat price of a plan's product."""
    (product,) = [one for one in store.sdk.v1.products.list({"limit": 100}).data if one.name == name]
    prices = store.sdk.v1.prices.list({"product": product.id}).data
    return [one.id for one in prices if one.billing_scheme == "per_unit" and one.recurring and not one.recurring.meter][
        :1
    ]


def discounted(**coupon: Any) -> Life:
    def give(store: Store, client: Subscribed, test_clock: str) -> None:
        params: Any = {"percent_off": 10, **coupon}
        name = store.sdk.v1.coupons.create(params).id
        store.sdk.v1.subscriptions.update(client.subscription, {"discounts": [{"coupon": name}]})

    return give


def discounted_item(store: Store, client: Subscribed, test_clock: str) -> None:
    name = store.sdk.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    item = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data[0].id
    params: Any = {"items": [{"id": item, "discounts": [{"coupon": name}]}], "proration_behavior": "none"}
    store.sdk.v1.subscriptions.update(client.subscription, params)


def taxed(store: Store, client: Subscribed, test_clock: str) -> None:
    terms: Any = {"display_name": "VAT", "percentage": 20, "inclusive": False}
    name = store.sdk.v1.tax_rates.create(terms).id
    store.sdk.v1.subscriptions.update(client.subscription, {"default_tax_rates": [name]})


def card_fails(store: Store, client: Subscribed, test_clock: str) -> None:
    new_card(store.sdk, client.customer, "pm_card_chargeCustomerFail")
    days(31)(store, client, test_clock)


def refreshed(store: Store, client: Subscribed, test_clock: str) -> None:
    """The news comes before what happens next."""
    store.refresh(client, test_clock)


def cancelled(store: Store, client: Subscribed, test_clock: str) -> None:
    _, gateway = connection()
    cancellations.cancel(transaction, gateway, Cancelling(client.client_id))


def cancelled_later(store: Store, client: Subscribed, test_clock: str) -> None:
    update(cancel_at=frozen(store.sdk, test_clock) + 45 * DAY)(store, client, test_clock)


def in_months(store: Store, client: Subscribed, test_clock: str) -> None:
    """A second item that renews at another time."""
    yearly = [one.id for one in store.sdk.v1.prices.list({"limit": 100}).data if one.unit_amount == 49000]
    params: Any = {"items": [{"price": yearly[0], "quantity": 1}], "proration_behavior": "none"}
    store.sdk.v1.subscriptions.update(client.subscription, params)


def moved_in_stripe(store: Store, client: Subscribed, test_clock: str) -> None:
    """To Scale in Stripe's dashboard; the prorations wait for the next invoice."""
    change_item(store, client, price=flat_prices(store, "Scale")[0])


def moved_to_less_in_stripe(store: Store, client: Subscribed, test_clock: str) -> None:
    """At once after the payment: what comes back is more than the next period costs."""
    change_item(store, client, price=flat_prices(store, "Starter")[0])


def moved_in_stripe_for_later(store: Store, client: Subscribed, test_clock: str) -> None:
    """Without prorations."""
    change_item(store, client, price=flat_prices(store, "Scale")[0], proration_behavior="none")


def moved_back_and_renewal_voided(store: Store, client: Subscribed, test_clock: str) -> None:
    """The unused time of the voided renewal is credited all the same."""
    bought = store.invoices(client)[-1].lines.data[0].pricing
    assert bought is not None
    assert bought.price_details is not None
    change_item(store, client, price=str(bought.price_details.price))
    store.sdk.v1.invoices.void_invoice(str(store.invoices(client)[0].id))


def to_the_draft(store: Store, client: Subscribed, test_clock: str) -> None:
    """Into the hour in which the renewal's invoice is a draft."""
    item = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data[0]
    advance(store.sdk, test_clock, item.current_period_end + 60)


def counted_in_stripe(store: Store, client: Subscribed, test_clock: str) -> None:
    change_item(store, client, quantity=3)


def change_item(store: Store, client: Subscribed, proration_behavior: str = "create_prorations", **given: Any) -> None:
    item = store.sdk.v1.subscriptions.retrieve(client.subscription)["items"].data[0].id
    params: Any = {"items": [{"id": item, **given}], "proration_behavior": proration_behavior}
    store.sdk.v1.subscriptions.update(client.subscription, params)


STRIPES: dict[str, list[Life]] = {
    "active": [],
    "credit": [balance(-900)],
    "more credit than the price": [balance(-900_000)],
    "debt": [balance(700)],
    "downgrade planned here": [planned_here],
    "downgrade and credit": [planned_here, balance(-500)],
    "planned in Stripe": [planned_in_stripe],
    "past due": [card_fails],
    "renewed": [days(31)],
    "in the hour of a draft, with another price": [moved_in_stripe_for_later, to_the_draft],
    "renewed with prorations": [moved_in_stripe, days(31)],
    "a change that was declined": [refreshed, change_declined],
    "trial": [update(trial_end=int(clock.now().timestamp()) + 9 * DAY)],
}
UNKNOWN: dict[str, list[Life]] = {
    "another price since the last invoice": [moved_in_stripe],
    "another number since the last invoice": [counted_in_stripe],
    "another price since a renewal that was voided": [
        moved_in_stripe_for_later,
        card_fails,
        moved_back_and_renewal_voided,
    ],
    "two intervals": [in_months],
    "credit that a draft takes first": [balance(-900), to_the_draft],
    "a draft that gives credit": [moved_to_less_in_stripe, to_the_draft],
    "forever": [discounted(duration="forever")],
    "once": [discounted(duration="once")],
    "repeating": [discounted(duration="repeating", duration_in_months=3)],
    "of an item": [discounted_item],
    "carried over": [discounted(duration="forever"), refreshed, planned_here],
    "tax": [taxed],
    "ends in the middle of the next period": [cancelled_later],
}
NONE: dict[str, list[Life]] = {
    "collection paused": [update(pause_collection={"behavior": "void"})],
    "cancelled": [cancelled],
    "paused": [lambda store, one, _: void(store.sdk.v1.subscriptions.pause(one.subscription))],
    "ended": [lambda store, one, _: void(store.sdk.v1.subscriptions.cancel(one.subscription))],
}


def lived(store: Store, name: str, lives: list[Life]) -> tuple[NextPayment | None, stripe.Invoice | None]:
    """What the pages say, and Stripe's preview, of a client of Growth who has lived so."""
    test_clock = new_clock(store.sdk, int(clock.now().timestamp()))
    client = store.subscribe(store.growth, test_clock=test_clock, name=name)
    for live in lives:
        live(store, client, test_clock)
    return shown(store, client, test_clock), previewed(store, client)


def test_the_amount_and_the_day_are_stripes(store: Store) -> None:
    told: dict[str, tuple[int, int] | None] = {}
    stripes: dict[str, tuple[int, int] | None] = {}
    for name, lives in STRIPES.items():
        found, preview = lived(store, name, lives)
        told[name] = (found.due.minor, int(found.at.timestamp())) if found and found.due else None
        stripes[name] = (preview.amount_due, preview.period_end) if preview else None
    assert None not in told.values()
    assert told == stripes


def test_what_only_stripe_can_compute_is_not_known_yet(store: Store) -> None:
    for name, lives in UNKNOWN.items():
        found, preview = lived(store, name, lives)
        assert found is not None, name
        assert preview is not None, name
        assert found.due is None, name
        assert int(found.at.timestamp()) == preview.period_end, name
        assert found.note == "The exact amount is not known yet." or found.words == "Not known yet", name


def test_where_nothing_is_charged_none_is_announced(store: Store) -> None:
    assert [name for name, lives in NONE.items() if lived(store, name, lives)[0] is not None] == []


def test_usage_comes_on_top(store: Store) -> None:
    test_clock = new_clock(store.sdk, int(clock.now().timestamp()))
    client = store.subscribe(store.scale, quantities={"contacts": 1200}, test_clock=test_clock)
    payload = {"stripe_customer_id": client.customer, "value": "70"}
    event: Any = {"event_name": "contacts_used", "payload": payload, "timestamp": frozen(store.sdk, test_clock)}
    store.sdk.v1.billing.meter_events.create(event)
    found, preview = shown(store, client, test_clock), previewed(store, client)

    assert found is not None
    assert found.due is not None
    assert preview is not None
    assert found.has_use
    assert found.due.minor == preview.amount_due - usage_in(preview)
    assert usage_in(preview) == 70 * 3
