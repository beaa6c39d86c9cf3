"""Builds a subscription's facts from its rows: its state, its paid items, and since when its payment fails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from billingportal.domain.entitlements import plan_matching
from billingportal.domain.entitlements.client_plans import plan_facts
from billingportal.domain.entitlements.facts import Composition, PlanFacts, Quota, SubscriptionFacts
from billingportal.domain.entitlements.paid_state import Items, PaidState, Shown, from_json, prove
from billingportal.domain.plans.bought_links import BoughtLinks
from billingportal.domain.subscriptions import invoice_history
from billingportal.domain.subscriptions.invoice_history import BY_BILL
from billingportal.domain.subscriptions.status import FAILING_STATUSES
from billingportal.models import Client, Entitlement, Invoice, Plan, Subscription


@dataclass(frozen=True)
class Told:
    """A subscription's facts, the paid state to store, and the invoice that has to be read before more is known."""

    facts: SubscriptionFacts
    proof: PaidState | None
    unread_invoice_id: str | None


def told(session: Session, client: Client, main: Subscription, before: Entitlement | None, moment: datetime) -> Told:
    """What the stored rows tell of the subscription."""
    invoices = invoice_history.invoices_of(session, main)
    items = {item.stripe_price_id: item.quantity for item in main.items}
    newest = invoice_history.newest(invoices)
    shown = Shown(
        main.stripe_subscription_id,
        main.status,
        items,
        is_paid_by_bill=main.collection_method == BY_BILL,
        owes_nothing=invoice_history.owes_nothing(main, invoices),
        is_yet_to_pay=main.trial_ends_at is not None or (newest is not None and newest.status == "draft"),
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
        renews_at=renews_at(main),
        trial_ends_at=main.trial_ends_at,
        ends_at=ends_at(main),
        failing_since=failing_since(main, invoices, before, moment),
    )
    return Told(facts, proof, unread_invoice(main, invoices, items, proof))


def unread_invoice(
    main: Subscription, invoices: Sequence[Invoice], items: Items, proof: PaidState | None
) -> str | None:
    """The latest invoice while it is not stored and decides what is paid for, or comes next; None otherwise.

    No event tells of a draft: in the hour of a renewal's draft, only reading it shows that nothing is owed, and whether
    it has the prorations of a change. It tells nothing new while the items are those that were paid last.
    """
    latest_id = main.latest_stripe_invoice_id
    is_known = latest_id in {one.stripe_invoice_id for one in invoices}
    if main.status != "active" or is_known:
        return None
    ahead = {price: number for price, number in items.items() if number is not None}
    is_same = proof is not None and dict(proof.items) == dict(items) and last_charge(invoices) == ahead
    return None if is_same else latest_id


def last_charge(invoices: Sequence[Invoice]) -> Items | None:
    """The items of the last invoice that was paid, with money or by credit, and that charged for something."""
    return next((invoice_history.charged(one) for one in invoices if one.status == "paid" and one.sold), None)


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
    """Whether an unpaid change is to no plan above the paid one, in the partner's order, and raises no quota: then it
    applies without waiting. Plans without quotas differ in what the portal doesn't know."""
    if shown.plan is None or proven.plan is None or is_above(shown.plan, proven.plan):
        return False
    mine, theirs = quotas_of(shown), quotas_of(proven)
    return all(key in theirs and is_at_most(quota.quota, theirs[key].quota) for key, quota in mine.items())


def is_above(plan: PlanFacts, other: PlanFacts) -> bool:
    return (plan.position, plan.plan_id) > (other.position, other.plan_id)


def quotas_of(composition: Composition) -> dict[int, Quota]:
    included = dict(composition.plan.quotas) if composition.plan else {}
    return included | {key: Quota(number, "block", "bought") for key, number in composition.bought.items()}


def is_at_most(quota: int | None, other: int | None) -> bool:
    return other is None or (quota is not None and quota <= other)


def renews_at(main: Subscription) -> datetime | None:
    """When the next payment is due; None while none is taken.

    At the end of the trial, else at the earliest end of a period: Stripe has the periods on the items.
    """
    if main.status == "paused" or main.is_collection_paused:
        return None
    if main.status == "trialing" and main.trial_ends_at is not None:
        return main.trial_ends_at
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
    """Since when its payment fails, by its invoices, else as known before, else since now."""
    if main.status not in FAILING_STATUSES:
        return None
    is_same = before is not None and before.stripe_subscription_id == main.stripe_subscription_id
    known = before.failing_since if before is not None and is_same else None
    return invoice_history.first_failure(main, invoices) or known or moment
