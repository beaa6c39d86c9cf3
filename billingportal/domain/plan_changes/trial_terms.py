"""What a change of plan makes of a trial: it ends and the new plan is paid, or some of its days go on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.invoices.payment_method_text import usual_method
from billingportal.domain.offers.selection import ChosenItem
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.errors import Refusal
from billingportal.models import Client, Plan


class CardNeeded(Refusal):
    """The change needs a payment method. The page offers to add one."""


def days_kept(session: Session, present: PresentPlan, plan: Plan) -> int | None:
    """The most days for which the trial goes on: 0 ends it with the change, None leaves it as it is.

    Another plan gives no more days than it has itself. Partners may let trials carry over whole.
    """
    is_same = present.plan is not None and present.plan.id == plan.id
    carries_over = checkout_settings.current_settings(session).carries_trials_over
    return None if not present.is_on_trial or is_same or carries_over else plan.trial_days


def trial_end(present: PresentPlan, most_days: int | None, moment: datetime) -> datetime | None:
    """The end of the trial after a change at a moment, never later than before; None without a trial."""
    if not present.is_on_trial or most_days == 0 or present.trial_ends_at is None:
        return None
    if most_days is None:
        return present.trial_ends_at
    return min(present.trial_ends_at, moment + timedelta(days=most_days))


def refuse_without_card(
    session: Session, client: Client, present: PresentPlan, plan: Plan, wanted: Sequence[ChosenItem]
) -> None:
    """Raises CardNeeded for a change of a trial that is paid now, or that gives more than a trial without a card may.

    Without one, Stripe pauses or cancels a subscription whose trial is ended.
    """
    if not present.is_on_trial or has_card(session, client):
        return
    if days_kept(session, present, plan) == 0:
        if not present.is_paid_by_bill:
            raise CardNeeded("", f"{plan.name} has no trial, so it is paid now. Add a card first.")
        return
    is_other = present.plan is None or present.plan.id != plan.id
    if is_other and plan.trial_needs_card:
        raise CardNeeded("", f"A trial of {plan.name} needs a card. Add one first.")
    if is_larger(session, present, wanted):
        raise CardNeeded("", "A larger quantity than that of your trial needs a card. Add one first.")


def is_larger(session: Session, present: PresentPlan, wanted: Sequence[ChosenItem]) -> bool:
    """Whether more of a resource is chosen than the trial has bought or its plan includes."""
    plan = session.get(Plan, present.plan.id) if present.plan else None
    had = {row.resource_id: row.quota for row in plan.quotas} if plan else {}
    had |= {
        item.use[1]: item.quantity for item in present.items if item.use and item.use[0] == "quantity" and item.use[1]
    }
    chosen = {one.resource_id: one.quantity or 0 for one in wanted if one.role == "quantity" and one.resource_id}
    limits = {key: had.get(key, 0) for key in chosen}
    return any(limit is not None and chosen[key] > limit for key, limit in limits.items())


def has_card(session: Session, client: Client) -> bool:
    """Whether the client has a payment method for the end of the trial."""
    link = client_subscriptions.link_of(session, client)
    return usual_method(session, link, client_subscriptions.running_of(session, client)) is not None
