"""Gathers the inputs of an entitlement evaluation from the stored rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.dunning import ladder
from billingportal.domain.entitlements import subscription_facts
from billingportal.domain.entitlements.client_plans import base_plan, plan_facts
from billingportal.domain.entitlements.facts import ClientFacts, Gift, Override, PlanFacts
from billingportal.domain.entitlements.paid_state import PaidState
from billingportal.domain.subscriptions.client_subscriptions import (
    link_of,
    main_of,
    others_of,
    paid_ids,
    subscriptions_of,
)
from billingportal.models import Checkout, Client, ClientCustomer, Comp, Entitlement, Plan, QuotaOverride, Subscription

# A subscription that ended this close to the end of its trial ended because it had no card.
TRIAL_END_MARGIN = timedelta(hours=1)


@dataclass(frozen=True)
class Gathered:
    """The facts, and the rows that they came from."""

    facts: ClientFacts
    link: ClientCustomer | None
    main: Subscription | None
    others: list[str]
    proof: PaidState | None
    unread_invoice_id: str | None


def gather(session: Session, client: Client, before: Entitlement | None, moment: datetime) -> Gathered:
    link = link_of(session, client)
    subscriptions = subscriptions_of(session, link)
    present_id = before.stripe_subscription_id if before else None
    main = main_of(subscriptions, present_id, paid_ids(session, subscriptions))
    told = subscription_facts.told(session, client, main, before, moment) if main is not None else None
    base = base_of(session, client, main, before, moment)
    facts = ClientFacts(
        suspended_since=client.archived_at or client.suspended_at,
        suspension_reason="the client is archived" if client.archived_at else client.suspension_reason,
        gift=gift_of(session, client, before, moment),
        overrides=overrides_of(session, client),
        subscription=told.facts if told else None,
        had_subscription=bool(subscriptions),
        is_buying=is_buying(session, client, main),
        base=base,
        is_default=client.base_plan_id is None,
        ladder=ladder.current(session),
    )
    return Gathered(
        facts,
        link,
        main,
        others_of(subscriptions, main),
        told.proof if told else None,
        told.unread_invoice_id if told else None,
    )


def is_buying(session: Session, client: Client, main: Subscription | None) -> bool:
    """Whether a checkout is open, or was completed and its subscription is not stored yet."""
    last = session.execute(
        select(Checkout.state, Checkout.stripe_subscription_id)
        .where(Checkout.client_id == client.id)
        .order_by(Checkout.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.state in ("expired", "failed"):
        return False
    return last.state != "complete" or main is None


def base_of(
    session: Session, client: Client, main: Subscription | None, before: Entitlement | None, moment: datetime
) -> PlanFacts | None:
    """The plan without a paid subscription. None after a trial without a card when its plan's `trial_end` is cancel."""
    if client.base_plan_id is None and main is not None and leaves_nothing(session, client, main):
        return None
    plan = base_plan(session, client)
    return plan_facts(session, plan, before, moment, moment) if plan else None


def leaves_nothing(session: Session, client: Client, main: Subscription) -> bool:
    if main.status != "canceled" or main.trial_ends_at is None or main.ended_at is None:
        return False
    if abs(main.ended_at - main.trial_ends_at) > TRIAL_END_MARGIN:
        return False
    plan_id = subscription_facts.links_of_items(session, client, main).plan_id
    return plan_id is not None and session.get_one(Plan, plan_id).trial_end == "cancel"


def gift_of(session: Session, client: Client, before: Entitlement | None, moment: datetime) -> Gift | None:
    comp = session.scalar(select(Comp).where(Comp.client_id == client.id, Comp.ended_at.is_(None)))
    if comp is None:
        return None
    return Gift(plan_facts(session, comp.plan, before, moment, moment), comp.reason, comp.expires_at)


def overrides_of(session: Session, client: Client) -> Sequence[Override]:
    rows = session.scalars(
        select(QuotaOverride)
        .where(QuotaOverride.client_id == client.id, QuotaOverride.ended_at.is_(None))
        .order_by(QuotaOverride.resource_id)
    )
    return [Override(row.resource_id, row.resource.name, row.quota, row.reason, row.expires_at) for row in rows]
