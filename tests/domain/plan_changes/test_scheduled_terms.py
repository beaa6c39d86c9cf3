"""A scheduled change loses nothing that the subscription has: discounts, tax, payment, words. Its first invoice is the
one that was shown."""

from typing import Any

import pytest
import stripe

from billingportal.db import transaction
from billingportal.domain.plan_changes.schedules import terms as schedule_terms
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import SUBSCRIPTION
from billingportal.models.auth.staff import Staff
from billingportal.money import Money
from tests.sandbox.clocks import DAY, HOUR, advance, frozen, new_clock
from tests.support.people.clients import Subscribed, connection
from tests.support.people.plan_changes import move
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


def coupon(store: Store, **terms: Any) -> str:
    params: Any = {"percent_off": 50, **terms}
    return store.sdk.v1.coupons.create(params=params).id


def rate(store: Store, percentage: float) -> str:
    params: Any = {"display_name": "VAT", "percentage": percentage, "inclusive": False}
    return store.sdk.v1.tax_rates.create(params=params).id


def item_of(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    (item,) = subscription["items"].data
    assert isinstance(item, stripe.SubscriptionItem)
    return item


def terms_of(store: Store, client: Subscribed) -> dict[str, Any]:
    """What a phase of a schedule can hold, as the subscription has it."""
    row = store.sdk.v1.subscriptions.retrieve(client.subscription)
    item = item_of(row)
    return {
        "automatic_tax": row.automatic_tax.enabled,
        "collection_method": row.collection_method,
        "days_until_due": row.days_until_due,
        "default_payment_method": row.default_payment_method,
        "default_tax_rates": [one.id for one in row.default_tax_rates or []],
        "description": row.description,
        "discounts": list(row.discounts),
        "invoice_settings": row.invoice_settings.to_dict(),
        "item_discounts": list(item.discounts),
        "item_metadata": item.metadata.to_dict(),
        "item_tax_rates": [one.id for one in item.tax_rates or []],
        "metadata": row.metadata.to_dict(),
    }


def give(store: Store, client: Subscribed, item: dict[str, Any] | None = None, **terms: Any) -> None:
    """Change the subscription in Stripe's dashboard."""
    row = store.sdk.v1.subscriptions.retrieve(client.subscription)
    items = [{"id": item_of(row).id, **item}] if item else []
    params: Any = {**terms, **({"items": items} if items else {}), "proration_behavior": "none"}
    store.sdk.v1.subscriptions.update(client.subscription, params)
    store.refresh(client)


def pass_period(store: Store, client: Subscribed, test_clock: str, days: int = 31) -> stripe.Invoice:
    """The invoice of the next period."""
    advance(store.sdk, test_clock, frozen(store.sdk, test_clock) + days * DAY + 2 * HOUR)
    store.refresh(client, test_clock)
    return store.invoices(client)[0]


def test_every_term_is_there_after_the_change(store: Store) -> None:
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, test_clock=test_clock)
    method = store.sdk.v1.payment_methods.attach("pm_card_mastercard", {"customer": client.customer}).id
    give(
        store,
        client,
        {"discounts": [{"coupon": coupon(store)}], "metadata": {"seat": "1"}, "tax_rates": [rate(store, 7)]},
        default_payment_method=method,
        default_tax_rates=[rate(store, 20)],
        description="For the whole office",
        discounts=[{"coupon": coupon(store, duration="forever")}],
        invoice_settings={"footer": "Thank you", "custom_fields": [{"name": "Order", "value": "77"}]},
        metadata={"crm": "7"},
    )
    before = terms_of(store, client)

    move(client.client_id, store.starter)

    assert terms_of(store, client) == before
    pass_period(store, client, test_clock)
    after = terms_of(store, client)
    assert list(store.held(client).values()) == [1]
    assert after == before | {"item_discounts": []}  # it was for one invoice


@pytest.mark.parametrize("days", [5])
def test_a_client_who_pays_by_bill_goes_on_paying_by_bill(store: Store, days: int) -> None:
    test_clock = new_clock(store.sdk)
    terms: Any = {"collection_method": "send_invoice", "days_until_due": days}
    client = store.subscribe(store.growth, test_clock=test_clock, card="", **terms)
    store.sdk.v1.invoices.pay(str(store.invoices(client)[0].id), {"paid_out_of_band": True})
    store.refresh(client, test_clock)

    move(client.client_id, store.starter)
    invoice = pass_period(store, client, test_clock)

    assert (invoice.collection_method, invoice.status) == ("send_invoice", "open")
    assert terms_of(store, client)["days_until_due"] == days


def test_what_comes_after_the_change_was_planned_is_kept_too(store: Store) -> None:
    test_clock = new_clock(store.sdk)
    client = store.subscribe(store.growth, test_clock=test_clock)
    move(client.client_id, store.starter)
    method = store.sdk.v1.payment_methods.attach("pm_card_mastercard", {"customer": client.customer}).id
    given = [{"coupon": coupon(store, duration="forever")}]
    give(store, client, default_payment_method=method, discounts=given, metadata={"crm": "8"})
    before = terms_of(store, client)
    account, gateway = connection()

    for _ in range(2):
        with transaction() as session:
            found = schedule_terms.accounts_behind(session)
        for account_id in found:
            schedule_terms.follow_terms(transaction, gateway, account_id)
        store.refresh(client, test_clock)
    invoice = pass_period(store, client, test_clock)

    assert found == [account.id]
    assert terms_of(store, client) == before
    assert (invoice.total, invoice.status) == (950, "paid")


COUPONS: dict[str, dict[str, Any]] = {
    "forever": {"duration": "forever"},
    "once": {"duration": "once"},
    "until after the renewal": {"duration": "repeating", "duration_in_months": 3},
    "until before the renewal": {"duration": "repeating", "duration_in_months": 1},
}


def test_a_schedule_that_is_over_at_stripe_does_not_stop_the_others(store: Store) -> None:
    """It was released in the dashboard, and its event has not come: it has no current phase any more."""
    over, other = store.subscribe(store.growth), store.subscribe(store.growth)
    for client in (over, other):
        move(client.client_id, store.starter)
    schedule = store.sdk.v1.subscriptions.retrieve(over.subscription).schedule
    store.sdk.v1.subscription_schedules.release(str(schedule))
    for client in (over, other):
        store.sdk.v1.subscriptions.update(client.subscription, params={"description": "Served by the desk"})
        account, gateway = connection()
        reconciliation.refresh(transaction, gateway, account.id, SUBSCRIPTION, client.subscription)

    account, gateway = connection()
    schedule_terms.follow_terms(transaction, gateway, account.id)

    kept = store.sdk.v1.subscriptions.retrieve(other.subscription, params={"expand": ["schedule"]}).schedule
    assert isinstance(kept, stripe.SubscriptionSchedule)
    assert {phase.description for phase in kept.phases} == {"Served by the desk"}


@pytest.mark.parametrize("is_yearly", [False, True], ids=["monthly", "from the year to the month"])
@pytest.mark.parametrize("on", ["subscription", "item"])
def test_the_first_invoice_is_the_one_that_was_shown(store: Store, on: str, *, is_yearly: bool) -> None:
    for name, terms in COUPONS.items():
        test_clock = new_clock(store.sdk)
        period = ("year", 1) if is_yearly else ("month", 1)
        client = store.subscribe(store.growth, period=period, test_clock=test_clock, name=name)
        given = [{"coupon": coupon(store, **terms)}]
        if on == "item":
            give(store, client, {"discounts": given}, default_tax_rates=[rate(store, 20)])
        else:
            give(store, client, discounts=given, default_tax_rates=[rate(store, 20)])
        shown, _ = move(client.client_id, store.starter)
        invoice = pass_period(store, client, test_clock, 366 if is_yearly else 31)
        following = pass_period(store, client, test_clock)

        assert invoice.total == (shown.first or shown.renewal or Money(-1, "usd")).minor, name
        half = 950 * 120 // 100
        is_lasting = name == "forever"
        is_there = is_lasting or name == "once" or (name == "until after the renewal" and not is_yearly)
        assert invoice.total == (half if is_there else 2 * half), name
        assert (shown.renewal.minor if shown.renewal else 0) == (half if is_lasting else 2 * half), name
        assert following.total == (half if is_there and name != "once" else 2 * half), name
