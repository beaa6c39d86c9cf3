"""Selling a subscription: once, however many ask, and in line with what Stripe says."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from typing import Any, cast

import pytest
from sqlalchemy import select

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.checkout import recovery as checkout_recovery
from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.checkout.checkouts import AlreadySubscribed
from billingportal.domain.checkout.sessions import look_again
from billingportal.domain.checkout.settings import Selling
from billingportal.domain.clients import stripe_customers
from billingportal.domain.offers.selection import Selection
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.errors import Conflict, Refusal
from billingportal.models import AuditEntry, Checkout, Client, Entitlement, Plan
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.errors import StripeUnreachable
from tests.sandbox.clocks import DAY, new_clock
from tests.support.people.checkouts import (
    ASKS,
    CARD,
    DECLINED,
    DELAYED,
    MONTHLY,
    YEARLY,
    Till,
    furnish,
    session_of,
    start,
)
from tests.support.people.clients import connection, link_customer, new_client, new_customer
from tests.support.stripe.streams import events_of
from tests.support.stripe.worlds import World


@dataclass(frozen=True)
class Shop:
    """A connected world with plans for sale and one client."""

    world: World
    till: Till
    plans: dict[str, int]
    client_id: int

    def look(self, checkout_id: int) -> None:
        """Stripe leads back to us."""
        _, gateway = connection()
        look_again(transaction, gateway, checkout_id)

    def checkouts(self) -> list[Checkout]:
        return list(self.world.session.scalars(select(Checkout).order_by(Checkout.id)))

    def price(self, plan: str) -> str:
        """The first price of a plan."""
        return self.world.session.get_one(Plan, self.plans[plan]).prices[0].stripe_price_id

    def held(self) -> Entitlement:
        return self.world.session.scalars(select(Entitlement).where(Entitlement.client_id == self.client_id)).one()


@pytest.fixture
def owner(world: World) -> Staff:
    with transaction() as session:
        person = Staff(name="Mara", email="mara@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(person)
    return person


@pytest.fixture
def shop(world: World, owner: Staff) -> Shop:
    world.connect()
    till = Till(world.sandbox, world.stripe_account)
    plans = furnish(world.app, till, owner.id)
    client_id = new_client("Quayside Dental", "front@quayside.example")
    return Shop(world, till, plans, client_id)


def test_the_session_sells_what_was_chosen_to_the_clients_customer(shop: Shop) -> None:
    made = start(shop.client_id, shop.plans["Scale"], Selection(("month", 1), "usd", {"contacts": 2500}))
    (opened,) = shop.till.sessions("open")
    assert (made.state, made.url, session_of(made.url)) == ("open", opened["url"], opened["id"])
    assert opened["client_reference_id"] == str(shop.client_id)
    assert opened["metadata"] == {stripe_customers.LABEL: str(shop.client_id)}
    assert f"/portal/checkout/{made.token}?session_id={{CHECKOUT_SESSION_ID}}" in opened["success_url"]
    sdk = shop.world.sandbox.client(shop.world.stripe_account.test_key)
    lines = sdk.v1.checkout.sessions.line_items.list(opened["id"]).data
    assert [line.quantity for line in lines] == [2500, None]
    assert made.expires_at is not None
    assert timedelta(hours=23) < made.expires_at - clock.now() < timedelta(hours=24)
    shop.till.pay(opened["id"])
    assert [one["metadata"] for one in shop.till.subscriptions()] == [opened["metadata"]]


def test_the_settings_of_checkout_reach_the_session(shop: Shop) -> None:
    with transaction() as session:
        chosen = Selling(True, True, True, "required")
        checkout_settings.save_settings(session, chosen, staff_id=1)
    start(shop.client_id, shop.plans["Growth"])
    (opened,) = shop.till.sessions("open")
    assert opened["allow_promotion_codes"] is True
    assert opened["automatic_tax"]["enabled"] is True
    assert opened["tax_id_collection"]["enabled"] is True
    assert opened["billing_address_collection"] == "required"
    shop.till.pay(opened["id"], country="IE", name="Quayside Ltd")
    (customer,) = shop.world.sandbox.objects(shop.world.stripe_account.id, "test", "customer")
    assert (customer["name"], customer["address"]["country"]) == ("Quayside Ltd", "IE")


@pytest.mark.parametrize(("trial_end", "behavior"), [("pause", "pause"), ("cancel", "cancel"), ("default", "cancel")])
def test_a_trial_without_a_card_ends_as_the_plan_says(shop: Shop, trial_end: str, behavior: str) -> None:
    with transaction() as session:
        session.get_one(Plan, shop.plans["Trial"]).trial_end = trial_end  # type: ignore[assignment]
    checkout = start(shop.client_id, shop.plans["Trial"])
    (opened,) = shop.till.sessions("open")
    assert opened["payment_method_collection"] == "if_required"
    shop.till.pay(checkout.stripe_checkout_session_id, card="")
    (made,) = shop.till.subscriptions()
    assert made["trial_end"] - made["trial_start"] == 14 * 24 * 3600
    assert made["trial_settings"]["end_behavior"]["missing_payment_method"] == behavior
    shop.look(checkout.id)
    assert (shop.held().standing, shop.held().plan_id) == ("trialing", shop.plans["Trial"])


def test_the_same_choice_finds_the_same_session(shop: Shop) -> None:
    first = start(shop.client_id, shop.plans["Growth"])
    again = start(shop.client_id, shop.plans["Growth"])
    assert (again.id, again.url) == (first.id, first.url)
    assert len(shop.till.sessions()) == 1


@pytest.mark.parametrize("change", ["plan", "period", "currency", "settings", "visitor"])
def test_another_choice_ends_the_session_and_opens_a_new_one(shop: Shop, change: str) -> None:
    first = start(shop.client_id, shop.plans["Growth"])
    if change == "settings":
        with transaction() as session:
            checkout_settings.save_settings(session, Selling(allows_promotion_codes=True), staff_id=1)
    plan_id = shop.plans["Trial"] if change == "plan" else shop.plans["Growth"]
    selection = {"period": YEARLY, "currency": Selection(("month", 1), "eur")}.get(change, MONTHLY)
    second = start(shop.client_id, plan_id, selection, visitor="another" if change == "visitor" else "")
    assert second.url != first.url
    assert [one["id"] for one in shop.till.sessions("open")] == [second.stripe_checkout_session_id]
    assert [one.state for one in shop.checkouts()] == ["expired", "open"]


def test_a_session_that_expired_unnoticed_is_replaced(shop: Shop) -> None:
    first = start(shop.client_id, shop.plans["Growth"])
    shop.till.expire(first.stripe_checkout_session_id)
    second = start(shop.client_id, shop.plans["Growth"])
    assert second.id != first.id
    assert [one.state for one in shop.checkouts()] == ["expired", "open"]


@pytest.mark.parametrize("selection", [MONTHLY, YEARLY])
def test_who_has_paid_a_moment_ago_buys_no_second_time(shop: Shop, selection: Selection) -> None:
    """Stripe's events have not come, and the second tab asks for the same or for something else."""
    first = start(shop.client_id, shop.plans["Growth"])
    shop.till.pay(first.stripe_checkout_session_id)
    with pytest.raises(AlreadySubscribed):
        start(shop.client_id, shop.plans["Growth"], selection)
    assert len(shop.till.subscriptions()) == 1
    assert (shop.held().standing, shop.held().plan_id) == ("active", shop.plans["Growth"])


@pytest.mark.parametrize("is_mixed", [False, True])
def test_tabs_and_devices_at_once_end_in_one_open_session(shop: Shop, is_mixed: bool) -> None:
    callers = 4
    together = Barrier(callers)

    def caller(number: int) -> str:
        with shop.world.app.app_context():
            together.wait()
            selection = YEARLY if is_mixed and number % 2 else MONTHLY
            try:
                return start(shop.client_id, shop.plans["Growth"], selection).url or ""
            except (Conflict, StripeUnreachable):
                return ""

    with ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(caller, range(callers)))
    still_open = shop.till.sessions("open")
    assert len(still_open) == 1
    assert still_open[0]["url"] in answers
    if not is_mixed:
        assert set(answers) == {still_open[0]["url"]}
        assert len(shop.till.sessions()) == 1
    assert [one.stripe_checkout_session_id for one in shop.checkouts() if one.state == "open"] == [still_open[0]["id"]]


def test_a_lost_answer_ends_in_the_same_session(shop: Shop) -> None:
    shop.world.sandbox.control("faults", kind="drop", count=2, path_prefix="/v1/checkout", applied=True)
    with pytest.raises(StripeUnreachable):
        start(shop.client_id, shop.plans["Growth"])
    assert [one.state for one in shop.checkouts()] == ["intended"]
    made = start(shop.client_id, shop.plans["Growth"])
    assert [one["id"] for one in shop.till.sessions()] == [made.stripe_checkout_session_id]


def test_a_lost_answer_for_another_choice_leaves_no_session_open(shop: Shop) -> None:
    shop.world.sandbox.control("faults", kind="drop", count=2, path_prefix="/v1/checkout", applied=True)
    with pytest.raises(StripeUnreachable):
        start(shop.client_id, shop.plans["Growth"])
    made = start(shop.client_id, shop.plans["Growth"], YEARLY)
    assert [one["id"] for one in shop.till.sessions("open")] == [made.stripe_checkout_session_id]
    assert len(shop.till.sessions("expired")) == 1


def test_nothing_is_granted_before_it_is_paid(shop: Shop) -> None:
    checkout = start(shop.client_id, shop.plans["Growth"])
    assert "declined" in shop.till.pay(checkout.stripe_checkout_session_id, DECLINED)
    assert "declined" in shop.till.pay(checkout.stripe_checkout_session_id, ASKS, authentication="fail")
    shop.look(checkout.id)
    assert (shop.held().standing, shop.held().source) == ("waiting", "none")
    assert shop.till.subscriptions() == []
    shop.till.pay(checkout.stripe_checkout_session_id, CARD)
    shop.look(checkout.id)
    assert (shop.held().standing, shop.held().plan_id) == ("active", shop.plans["Growth"])
    assert [one.state for one in shop.checkouts()] == ["complete"]


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_delayed_payment_grants_when_it_arrives(shop: Shop, outcome: str) -> None:
    checkout = start(shop.client_id, shop.plans["Growth"])
    shop.till.pay(checkout.stripe_checkout_session_id, DELAYED)
    shop.look(checkout.id)
    assert (shop.held().standing, shop.held().source) == ("waiting", "none")
    shop.till.settle(outcome)
    shop.look(checkout.id)
    assert (shop.held().source == "subscription") == (outcome == "succeeded")


def test_a_client_in_one_currency_cannot_mix_in_another(shop: Shop) -> None:
    account, gateway = connection()
    customer = stripe_customers.customer_for(transaction, gateway, account.id, shop.client_id)
    sdk = shop.world.sandbox.client(shop.world.stripe_account.test_key)
    elsewhere = {"mode": "subscription", "customer": customer, "success_url": "https://harbor.example/thanks"}
    price = {"price": shop.price("Growth"), "quantity": 1}
    sdk.v1.checkout.sessions.create(params=cast(Any, {**elsewhere, "line_items": [price]}))
    with pytest.raises(Refusal, match="Choose USD") as refused:
        start(shop.client_id, shop.plans["Growth"], Selection(("month", 1), "eur"))
    assert refused.value.field == "currency"
    assert [one.state for one in shop.checkouts()] == ["failed"]


def test_a_customer_deleted_at_stripe_is_made_anew_for_the_checkout(shop: Shop) -> None:
    account, gateway = connection()
    first = stripe_customers.customer_for(transaction, gateway, account.id, shop.client_id)
    shop.world.sandbox.client(shop.world.stripe_account.test_key).v1.customers.delete(first)
    start(shop.client_id, shop.plans["Growth"])
    (opened,) = shop.till.sessions("open")
    assert opened["customer"] != first


def test_archived_clients_buy_nothing(shop: Shop) -> None:
    with transaction() as session:
        session.get_one(Client, shop.client_id).archived_at = clock.now()
    with pytest.raises(Refusal, match="closed"):
        start(shop.client_id, shop.plans["Growth"])


def test_a_lost_event_of_expiry_is_found_out(shop: Shop) -> None:
    checkout = start(shop.client_id, shop.plans["Growth"])
    shop.till.expire(checkout.stripe_checkout_session_id)
    account, gateway = connection()
    assert checkout_recovery.look_at_due(transaction, gateway, account.id) == 0
    with transaction() as session:
        session.get_one(Checkout, checkout.id).expires_at = clock.now() - timedelta(minutes=5)
        assert checkout_recovery.due_accounts(session) == [account.id]
    assert checkout_recovery.look_at_due(transaction, gateway, account.id) == 1
    assert [one.state for one in shop.checkouts()] == ["expired"]
    assert shop.held().standing == "free"


def test_a_trial_is_for_the_first_subscription_only(shop: Shop) -> None:
    first = start(shop.client_id, shop.plans["Trial"])
    answer = shop.till.pay(first.stripe_checkout_session_id, card="")
    shop.world.sandbox.client(shop.world.stripe_account.test_key).v1.subscriptions.cancel(answer["subscription"])
    shop.look(first.id)
    start(shop.client_id, shop.plans["Trial"])
    (opened,) = shop.till.sessions("open")
    assert opened["amount_total"] == 900


def test_webhook_and_way_back_at_once_end_in_one_subscription(shop: Shop) -> None:
    shop.world.work()
    checkout = start(shop.client_id, shop.plans["Growth"])
    checkout_id = checkout.id
    shop.till.pay(checkout.stripe_checkout_session_id)
    told = [one for one in events_of(shop.world.sandbox, shop.world.stripe_account) if one["type"] in DELIVERED_EVENTS]
    secret = shop.world.secret()
    together = Barrier(4)

    def webhook(part: int) -> set[int]:
        with shop.world.app.app_context():
            together.wait()
            return {shop.world.deliver(one, secret) for one in told[part::2]}

    def way_back(_: int) -> set[int]:
        with shop.world.app.app_context():
            together.wait()
            shop.look(checkout_id)
            return set()

    with ThreadPoolExecutor(4) as pool:
        both = [pool.submit(work, part) for work in (webhook, way_back) for part in range(2)]
        answers = [one.result(timeout=60) for one in both]
    shop.world.work()
    assert set().union(*answers) == {200}
    assert (shop.held().standing, shop.held().plan_id) == ("active", shop.plans["Growth"])
    assert shop.held().other_subscriptions == []
    assert len(shop.till.subscriptions()) == 1
    done = select(AuditEntry.id).where(AuditEntry.action == "checkout.completed")
    assert len(shop.world.session.scalars(done).all()) == 1


def test_what_happened_stands_in_the_timeline(shop: Shop) -> None:
    checkout = start(shop.client_id, shop.plans["Growth"])
    shop.till.pay(checkout.stripe_checkout_session_id)
    shop.look(checkout.id)
    wanted = select(AuditEntry.action).where(AuditEntry.action.like("checkout.%")).order_by(AuditEntry.id)
    assert shop.world.session.scalars(wanted).all() == ["checkout.started", "checkout.completed"]


@pytest.mark.parametrize("days", [40, -40])
def test_a_client_on_a_test_clock_opens_a_checkout_and_pays(shop: Shop, days: int) -> None:
    """A checkout lives in real time; what it sells lives on the client's clock."""
    sdk = shop.world.sandbox.client(shop.world.stripe_account.test_key)
    test_clock = new_clock(sdk, int(clock.now().timestamp()) + days * DAY)
    link_customer(shop.client_id, shop.world.row().id, new_customer(sdk, "Quayside Dental", "", test_clock))

    made = start(shop.client_id, shop.plans["Growth"])

    assert made.state == "open"
    assert made.expires_at is not None
    assert timedelta(hours=23) < made.expires_at - clock.now() < timedelta(hours=24)
    shop.till.pay(session_of(made.url))
    shop.look(made.id)
    shop.world.work()
    shop.world.session.rollback()
    held = shop.held()
    assert held.plan_id == shop.plans["Growth"]
    assert held.until is not None or held.renews_at is not None
