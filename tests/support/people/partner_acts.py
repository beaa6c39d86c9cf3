"""What a partner and the buyers do, one act each."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, cast
from uuid import uuid4

import stripe
from sqlalchemy import select

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.plans import drift_repair, lifecycle, plans
from billingportal.domain.plans.drift_repair import Repairing
from billingportal.domain.plans.price_links import Link
from billingportal.domain.subscriptions import retired_links
from billingportal.errors import PortalError
from billingportal.models import Checkout, Plan, PlanPrice
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.requests.checkouts import CheckoutItem
from tests.support.catalog.edits import read_price, sell_by
from tests.support.people.clients import connection
from tests.support.people.partner import Opened, Partner, Sold
from tests.support.people.plan_changes import wait_for_next_second


def act(it: Partner) -> None:
    """One act of anybody. What the portal or Stripe refuses is no act."""
    try:
        it.chance.choices(ACTS, WEIGHTS)[0](it)
    except (PortalError, stripe.InvalidRequestError):
        db.session().rollback()


def replace_prices(it: Partner) -> None:
    """Other prices, or another use of the same ones, typed into the plan's form; or none at all."""
    it.prices.append(it.new_price())
    links = it.chance.choice(([it.flat()], [it.by_number()], [it.flat(), it.by_number()], []))
    sell_by(it.app, it.staff_id, it.plan(), *links)


def use_for_something_else(it: Partner) -> None:
    plan_id = it.plan()
    links = [Link(link.stripe_price_id, "quantity", it.resource()) for link in it.links(plan_id)]
    sell_by(it.app, it.staff_id, plan_id, *links[:1])


def follow_lookup_key(it: Partner) -> None:
    """A key is given to the price and accepted, then moves to a dearer one, which staff sell by the repair."""
    plan_id, key = it.plan(), f"key_{uuid4().hex[:8]}"
    link = it.chance.choice(it.links(plan_id) or [None])
    if link is None:
        return
    it.sdk.v1.prices.update(link.stripe_price_id, params={"lookup_key": key})
    read_price(it.app, link.stripe_price_id)
    repair(it, plan_id, link.stripe_price_id, "accept", key)
    new = it.new_price(lookup_key=key, transfer_lookup_key=True)
    it.prices.append(new)
    for price in (link.stripe_price_id, new):
        read_price(it.app, price)
    repair(it, plan_id, link.stripe_price_id, "link_other")


def repair(it: Partner, plan_id: int, price: str, kind: Any, key: str = "") -> None:
    with transaction() as session:
        rows = [row for row in session.get_one(Plan, plan_id).prices if row.stripe_price_id == price]
        if key:
            rows[0].linked_as = {**rows[0].linked_as, "lookup_key": key}
            return
        row_id = rows[0].id
    drift_repair.repair_drift(Repairing(transaction, connection()[1], row_id, kind, it.staff_id))


def archive_price(it: Partner) -> None:
    price = it.chance.choice(it.prices)
    it.sdk.v1.prices.update(price, params={"active": False})
    read_price(it.app, price)
    it.prices.append(it.new_price())


def change_state(it: Partner) -> None:
    acts = (lifecycle.archive_plan, lifecycle.restore_plan, lifecycle.activate_plan, lifecycle.deactivate_plan)
    it.set_state(it.plan(), it.chance.choice(acts))


def copy_plan(it: Partner) -> None:
    with transaction() as session:
        it.plans.append(plans.copy_plan(session, it.plan(), staff_id=it.staff_id).id)
    it.set_state(it.plans[-1], lifecycle.activate_plan)


def remove_link(it: Partner) -> None:
    retired = select(PlanPrice.id).where(
        PlanPrice.retired_at.is_not(None), PlanPrice.processor_account_id == it.account_id
    )
    found = list(db.session().scalars(retired))
    db.session().rollback()
    with transaction() as session:
        retired_links.remove_link(session, it.chance.choice(found or [0]), staff_id=it.staff_id)


def open_checkout(it: Partner) -> None:
    """A client opens a checkout of a plan; it may be paid much later."""
    plan_id = it.plan()
    choice = it.choice(plan_id)
    if choice is None:
        return
    items = it.items(choice)
    links = {link.stripe_price_id: link for link in db.session().get_one(Plan, plan_id).prices}
    bought, customer = it.bought(links, items), it.customer()
    db.session().rollback()
    client_id = it.client(customer)
    asked = [CheckoutItem(one["stripe_price_id"], one["quantity"]) for one in items]
    request: JsonObject = {"items": [cast(Json, asdict(one)) for one in asked]}
    with transaction() as session:
        row = Checkout(
            client_id=client_id,
            processor_account_id=it.account_id,
            plan_id=plan_id,
            choice={},
            request=request,
            token=uuid4().hex,
            access_generation=1,
            state="open",
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        it.checkouts.append(Opened(row.id, client_id, customer, plan_id, bought, items))


def pay_checkout(it: Partner) -> None:
    """Pay what the checkout asked for, whatever staff did to the plan since."""
    if not it.checkouts:
        return
    paid = it.checkouts.pop(it.chance.randrange(len(it.checkouts)))
    subscription = it.subscribe(paid.customer, paid.items)
    with transaction() as session:
        row = session.get_one(Checkout, paid.checkout_id)
        row.state, row.stripe_subscription_id = "complete", subscription
    it.sold.append(Sold(paid.client_id, paid.customer, subscription, paid.plan_id, paid.bought))


def buy_at_stripe(it: Partner) -> None:
    """Somebody subscribes a customer in Stripe's dashboard. Stripe knows whole seconds."""
    choice = it.choice(it.plan())
    if choice is None:
        return
    items = it.items(choice)[:1]
    plan_id, bought = sold_as(it, items)
    wait_for_next_second()
    customer = it.customer()
    client_id = it.client(customer) if it.chance.random() < 0.6 else None
    it.sold.append(Sold(client_id, customer, it.subscribe(customer, items), plan_id, bought))


def move_at_stripe(it: Partner) -> None:
    """Somebody gives a subscription another price in Stripe's dashboard."""
    movable = [one for one in it.sold if not one.was_moved]
    choice = it.choice(it.plan())
    if choice is None or not movable:
        return
    one, items = it.chance.choice(movable), it.items(choice)[:1]
    held = it.sdk.v1.subscriptions.retrieve(one.subscription)["items"].data
    if items[0]["stripe_price_id"] in [item.price.id for item in held]:
        return
    plan_id, bought = sold_as(it, items, one.plan_id)
    wait_for_next_second()
    given = {"price": items[0]["stripe_price_id"], "quantity": items[0]["quantity"]}
    others = [{"id": item.id, "deleted": True} for item in held[1:]]
    params = {"items": [{"id": held[0].id, **given}, *others], "proration_behavior": "none"}
    it.sdk.v1.subscriptions.update(one.subscription, params=cast(Any, params))
    it.sold[it.sold.index(one)] = replace(one, plan_id=plan_id, bought=bought, was_moved=True)


def sold_as(it: Partner, items: list[dict[str, Any]], held_plan_id: int = 0) -> tuple[int, dict[str, int]]:
    """What a price means now: the plan that the buyer has, if it sells the price, else the one that was linked
    first."""
    price = items[0]["stripe_price_id"]
    for_sale = select(PlanPrice).where(PlanPrice.stripe_price_id == price, PlanPrice.retired_at.is_(None))
    links = db.session().scalars(for_sale.order_by(PlanPrice.plan_id != held_plan_id, PlanPrice.id))
    link = next(iter(links))
    found = link.plan_id, it.bought({price: link}, items)
    db.session().rollback()
    return found


def touch(it: Partner) -> None:
    """Something of a subscription changes at Stripe that has nothing to do with its plan."""
    if it.sold:
        one = it.chance.choice(it.sold)
        it.sdk.v1.subscriptions.update(one.subscription, params={"metadata": {"seen": uuid4().hex[:6]}})


ACTS: list[Callable[[Partner], None]] = [
    replace_prices,
    use_for_something_else,
    follow_lookup_key,
    archive_price,
    change_state,
    copy_plan,
    remove_link,
    open_checkout,
    pay_checkout,
    buy_at_stripe,
    touch,
]
WEIGHTS = [6, 3, 3, 1, 2, 1, 2, 6, 6, 4, 2]
