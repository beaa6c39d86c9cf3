"""Takes a link between a plan and a price off sale, without forgetting what was bought by it."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.models import Checkout, Plan, PlanChange, PlanPrice, SubscriptionItem


def retire_link(session: Session, plan: Plan, link: PlanPrice) -> None:
    """Stop selling by this link. A link of a draft that nobody bought is deleted."""
    if plan.state == "draft" and not was_sold(session, link):
        plan.links.remove(link)
    else:
        link.retired_at = now()


def was_sold(session: Session, link: PlanPrice) -> bool:
    """Whether a subscription ever had the price, or the plan was bought here."""
    subscribed = exists().where(SubscriptionItem.stripe_price_id == link.stripe_price_id)
    checked_out = exists().where(Checkout.plan_id == link.plan_id)
    changed = exists().where(PlanChange.to_plan_id == link.plan_id)
    return bool(session.scalar(select(subscribed | checked_out | changed)))
