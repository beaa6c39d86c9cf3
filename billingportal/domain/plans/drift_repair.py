"""Repairs a link between a plan and a price that drifted: at Stripe, or here."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.plans import price_links
from billingportal.domain.plans.drift import Repair, RepairKind, drift, linked_as
from billingportal.domain.plans.retirement import retire_link
from billingportal.domain.prices.eligibility import refuse_unsellable
from billingportal.domain.prices.stored_prices import held_by_id
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER, PRICE, PRODUCT, ObjectType
from billingportal.errors import Conflict, Refusal
from billingportal.models import Plan, PlanPrice, Price
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway

GONE = "This has been repaired already, or changed again. Look at the plan as it is now."


@dataclass(frozen=True)
class Repairing:
    """One press of a repair button."""

    transaction: Transaction
    gateway: StripeGateway
    plan_price_id: int
    kind: RepairKind
    staff_id: int


def repair_drift(repairing: Repairing) -> int:
    """Carry out the repair that the button offered. Returns the plan's id.

    Raises Conflict when the drift no longer exists, and Refusal when Stripe refuses. Call it with no transaction
    open.
    """
    with repairing.transaction() as session:
        row = find_link(session, repairing)
        offered(session, row, repairing.kind)
        price = held_by_id(session, row.processor_account_id, row.stripe_price_id)
        target = None if price is None else target_at_stripe(repairing.kind, price)
        account_id = row.processor_account_id
    if target is not None:
        mend_at_stripe(repairing, account_id, *target)
    with repairing.transaction() as session:
        take_turns(session, PLANS)
        return mend_here(session, repairing)


def find_link(session: Session, repairing: Repairing) -> PlanPrice:
    row = session.get(PlanPrice, repairing.plan_price_id, populate_existing=True)
    if row is None or row.retired_at is not None:
        raise Conflict(GONE)
    return row


def offered(session: Session, row: PlanPrice, kind: RepairKind) -> Repair:
    """The repair offered now, which may link another price than a minute ago. Raises Conflict when there is none."""
    for one in drift(session, row):
        if one.repair.kind == kind:
            return one.repair
    raise Conflict(GONE)


def target_at_stripe(kind: RepairKind, price: Price) -> tuple[ObjectType, str] | None:
    """The object to change at Stripe, as type and id; None when there is none."""
    if kind == "unarchive_price":
        return PRICE, price.stripe_price_id
    if kind == "unarchive_product":
        return PRODUCT, price.stripe_product_id
    if kind == "reactivate_meter" and price.stripe_meter_id is not None:
        return METER, price.stripe_meter_id
    return None


def mend_at_stripe(repairing: Repairing, account_id: int, kind: ObjectType, object_id: str) -> None:
    """Change the object at Stripe and store its new state. Already changed at Stripe is fine. Raises Refusal."""
    try:
        ask_stripe(repairing.gateway, kind, object_id)
    except StripeProblem as problem:
        raise Refusal("", f"Stripe did not do it: {problem.message}") from None
    try:
        reconciliation.refresh(repairing.transaction, repairing.gateway, account_id, kind, object_id)
    except StripeProblem:
        return  # Stripe has changed it; the webhook or the next catch-up brings the new state.


def ask_stripe(gateway: StripeGateway, kind: ObjectType, object_id: str) -> None:
    if kind is PRICE:
        gateway.unarchive_price(object_id)
    elif kind is PRODUCT:
        gateway.unarchive_product(object_id)
    else:
        gateway.reactivate_meter(object_id)


def mend_here(session: Session, repairing: Repairing) -> int:
    """Accept the present state, link the other price or remove the link, and record the act in the audit log."""
    row = find_link(session, repairing)
    plan = session.get_one(Plan, row.plan_id)
    summary = f"Repaired the link of the plan {plan.name} to {row.stripe_price_id}"
    if repairing.kind == "unlink":
        retire_link(session, plan, row)
        summary = f"Removed the link of the plan {plan.name} to {row.stripe_price_id}"
    elif repairing.kind == "link_other":
        summary = f"Linked the plan {plan.name} to {link_other(session, plan, row)}"
    elif repairing.kind == "accept":
        accept_drift(session, row)
    plan.revision += 1
    plan.updated_at = now()
    audit.record_act(
        session,
        audit.Act(f"plan_price.{repairing.kind}", summary, staff_id=repairing.staff_id, subject=("plan", plan.id)),
    )
    return plan.id


def link_other(session: Session, plan: Plan, row: PlanPrice) -> str:
    """Sell the price that has the lookup key now, in place of the linked one. Returns its id. Raises Conflict, and
    Refusal when it cannot be sold."""
    price_id = offered(session, row, "link_other").stripe_price_id or ""
    price = held_by_id(session, row.processor_account_id, price_id)
    if price is None:
        raise Conflict(GONE)
    refuse_unsellable(session, price)
    links = price_links.links_of(plan, row.processor_account_id)
    changed = [
        replace(link, stripe_price_id=price_id) if link.stripe_price_id == row.stripe_price_id else link
        for link in links
        if link.stripe_price_id != price_id
    ]
    price_links.replace_links(session, plan, row.processor_account_id, changed)
    return price_id


def accept_drift(session: Session, row: PlanPrice) -> None:
    price = held_by_id(session, row.processor_account_id, row.stripe_price_id)
    row.linked_as = linked_as(session, price) if price else {}
