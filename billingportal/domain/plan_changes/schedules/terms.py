"""Keeps the phases of scheduled changes in step with their subscriptions.

A phase applies the terms that it names when it starts: a card, a coupon or a tax rate that came meanwhile would
be lost.
"""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.plan_changes.previews import phase_of
from billingportal.models import PlanChange, ProcessorAccount, Subscription
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.schedules import NewPhase


@dataclass(frozen=True)
class Behind:
    """A scheduled change whose subscription has news since its phases were written."""

    change_id: int
    schedule_id: str
    phase: NewPhase
    known_terms: str
    revision: int


def accounts_behind(session: Session) -> list[int]:
    """Ids of the connected accounts with such a change."""
    rows = session.execute(scheduled())
    return sorted({change.processor_account_id for change, revision in rows if is_behind(change, revision)})


def follow_terms(transaction: Transaction, gateway: StripeGateway, processor_account_id: int) -> None:
    """Write the phases of those changes anew where the subscription's terms have changed. Raises StripeProblem."""
    with transaction() as session:
        rows = session.execute(scheduled().where(PlanChange.processor_account_id == processor_account_id))
        found = [behind(change, revision) for change, revision in rows if is_behind(change, revision)]
    for one in found:
        try:
            terms = gateway.schedules.renew(one.schedule_id, one.phase, one.known_terms)
        except (RequestRefused, NotThere, RightMissing, UnreadableObject):
            terms = one.known_terms  # the schedule is over: an event tells what became of the change
        with transaction() as session:
            change = session.get_one(PlanChange, one.change_id, populate_existing=True)
            change.preview = {**change.preview, "terms": terms, "revision": one.revision}


def scheduled() -> Select[PlanChange, int]:
    """The scheduled changes of connected accounts, each with the revision of its subscription's row."""
    return (
        select(PlanChange, Subscription.revision)
        .join(
            Subscription,
            (Subscription.processor_account_id == PlanChange.processor_account_id)
            & (Subscription.stripe_subscription_id == PlanChange.stripe_subscription_id),
        )
        .join(ProcessorAccount, ProcessorAccount.id == PlanChange.processor_account_id)
        .where(
            ProcessorAccount.state == "connected",
            PlanChange.state == "scheduled",
            PlanChange.stripe_schedule_id.is_not(None),
        )
    )


def is_behind(change: PlanChange, revision: int) -> bool:
    return change.preview.get("revision") != revision


def behind(change: PlanChange, revision: int) -> Behind:
    known = str(change.preview.get("terms") or "")
    return Behind(change.id, str(change.stripe_schedule_id), phase_of(change), known, revision)
