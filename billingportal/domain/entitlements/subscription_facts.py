"""Builds a subscription's facts from its rows: its state, its paid items, and since when its payment fails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements import plan_matching
from billingportal.domain.entitlements.client_plans import plan_facts
from billingportal.domain.entitlements.facts import Composition, Quota, SubscriptionFacts
from billingportal.domain.entitlements.paid_state import Items, PaidState, Shown, from_json, prove
from billingportal.domain.plans.bought_links import BoughtLinks
from billingportal.models import Client, Entitlement, Invoice, Plan, Subscription

FAILING = ("past_due", "unpaid")
BY_BILL = "send_invoice"


def told(
    session: Session, client: Client, main: Subscription, before: Entitlement | None, moment: datetime
) -> tuple[SubscriptionFacts, PaidState | None]:
    """The subscription's facts, and the paid state to store."""
    invoices = invoices_of(session, main)
    items = {item.stripe_price_id: item.quantity for item in main.items}
    latest = next((one for one in invoices if one.stripe_invoice_id == main.latest_stripe_invoice_id), None)
    shown = Shown(
        main.stripe_subscription_id,
        main.status,
        items,
        is_paid_by_bill=main.collection_method == BY_BILL,
        latest_is_paid=latest is not None and latest.status == "paid",
    )
    remembered = from_json(before.proven) if before else None
    proof = prove(shown, remembered, last_charge(invoices))
    now_shown = composition_of(session, client, main, items, before, moment)
    proven = composition_of(session, client, main, proof.items, before, moment) if proof else None
    if proof is not None and proven is not None and gives_no_more(now_shown, proven):
        proof, proven = replace(proof, items=items), now_shown
    facts = SubscriptionFacts(
        stripe_subscription_id=main.stripe_subscription_id,
        status=main.status,
        shown=now_shown,
        proven=proven,
        renews_at=period_end(main),
        trial_ends_at=main.trial_ends_at,
        ends_at=ends_at(main),
        failing_since=failing_since(main, invoices, before, moment),
    )
    return facts, proof


def invoices_of(session: Session, main: Subscription) -> Sequence[Invoice]:
    """The subscription's latest invoice and its open and paid ones, newest first."""
    return session.scalars(
        select(Invoice)
        .where(
            Invoice.processor_account_id == main.processor_account_id,
            Invoice.stripe_subscription_id == main.stripe_subscription_id,
            Invoice.deleted_at.is_(None),
            or_(
                Invoice.stripe_invoice_id == main.latest_stripe_invoice_id,
                Invoice.status == "open",
                Invoice.status == "paid",
            ),
        )
        .order_by(Invoice.created_at.desc(), Invoice.id.desc())
    ).all()


def last_charge(invoices: Sequence[Invoice]) -> Items | None:
    """The items of the last invoice that was paid, with money or by credit, and that charged for something."""
    return next((charged(one) for one in invoices if one.status == "paid" and one.sold), None)


def charged(invoice: Invoice) -> Items:
    """The prices that an invoice charged for, with their quantities."""
    found: dict[str, int | None] = {}
    for row in invoice.sold:
        if isinstance(row, dict) and isinstance(row["quantity"], int):
            found[str(row["price"])] = row["quantity"]
    return found


def composition_of(
    session: Session,
    client: Client,
    main: Subscription,
    items: Items,
    before: Entitlement | None,
    moment: datetime,
) -> Composition:
    links = plan_matching.links_of(session, client.id, main, items, held_plan_id(before))
    if links.plan_id is None:
        return plan_matching.composition(links, items, None)
    plan = session.get_one(Plan, links.plan_id)
    started_at = min((item.period_started_at for item in main.items), default=moment)
    return plan_matching.composition(links, items, plan_facts(session, plan, before, moment, started_at))


def links_of_items(session: Session, client: Client, main: Subscription) -> BoughtLinks:
    """The plan of the subscription's items, and the links by which they were sold."""
    return plan_matching.links_of(session, client.id, main, [item.stripe_price_id for item in main.items])


def held_plan_id(before: Entitlement | None) -> int | None:
    return before.plan_id if before is not None else None


def gives_no_more(shown: Composition, proven: Composition) -> bool:
    """Whether an unpaid change raises no quota above the paid ones: then it applies without waiting."""
    if shown.plan is None or proven.plan is None:
        return False
    mine, theirs = quotas_of(shown), quotas_of(proven)
    return all(key in theirs and is_at_most(quota.quota, theirs[key].quota) for key, quota in mine.items())


def quotas_of(composition: Composition) -> dict[int, Quota]:
    included = dict(composition.plan.quotas) if composition.plan else {}
    return included | {key: Quota(number, "block", "bought") for key, number in composition.bought.items()}


def is_at_most(quota: int | None, other: int | None) -> bool:
    return other is None or (quota is not None and quota <= other)


def period_end(main: Subscription) -> datetime | None:
    """The time of renewal: the earliest period end. Stripe has the periods on the items."""
    return min((item.period_ends_at for item in main.items), default=None)


def ends_at(main: Subscription) -> datetime | None:
    """The time of the scheduled end, if any. Stripe gives it in two ways: a time, or at the end of the period."""
    if main.cancels_at is not None:
        return main.cancels_at
    if main.cancel_at_period_end:
        return max((item.period_ends_at for item in main.items), default=None)
    return None


def failing_since(
    main: Subscription, invoices: Sequence[Invoice], before: Entitlement | None, moment: datetime
) -> datetime | None:
    """Since when its payment fails: the earliest time at which an open invoice was to be paid."""
    if main.status not in FAILING:
        return None
    due = [
        (one.due_at if main.collection_method == BY_BILL else one.finalized_at) or one.created_at
        for one in invoices
        if one.status == "open"
    ]
    known = before.failing_since if before is not None and before.failing_since else moment
    return min(due, default=known)
