"""The change of plan that a subscription's schedule at Stripe will make, planned here or in Stripe's dashboard."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.entitlements import plan_matching
from billingportal.domain.subscriptions.scheduled_phases import Phase, coming_phases
from billingportal.models import Client, Plan, PlanChange, Subscription


@dataclass(frozen=True)
class PlannedChange:
    """`plan_name` is None for prices that no plan has. `is_set_in_stripe`: nobody planned it here."""

    at: datetime
    plan_name: str | None
    is_set_in_stripe: bool

    @property
    def words(self) -> str:
        """As in "the move to Scale on 26 December 2026, set in Stripe"."""
        what = f"the move to {self.plan_name}" if self.plan_name else "the change"
        return f"{what} on {day(self.at)}{', set in Stripe' if self.is_set_in_stripe else ''}"


def planned_change(
    session: Session, client: Client, subscription: Subscription, moment: datetime
) -> PlannedChange | None:
    """The next change that the stored schedule makes after a time; None without one."""
    coming = coming_phases(session, subscription, moment)
    if not coming:
        return None
    is_own = session.scalar(
        select(PlanChange.id).where(
            PlanChange.client_id == client.id,
            PlanChange.processor_account_id == subscription.processor_account_id,
            PlanChange.stripe_schedule_id == subscription.stripe_schedule_id,
        )
    )
    plan_name = plan_name_of(session, client, subscription, coming[0])
    return PlannedChange(coming[0].starts_at, plan_name, is_own is None)


def plan_name_of(session: Session, client: Client, subscription: Subscription, phase: Phase) -> str | None:
    plan_id = plan_matching.links_of(session, client.id, subscription, phase.items).plan_id
    return session.get_one(Plan, plan_id).name if plan_id is not None else None
