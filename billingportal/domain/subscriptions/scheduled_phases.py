"""The phases of a subscription's schedule at Stripe: the changes that are planned, here or in Stripe's dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Subscription, SubscriptionSchedule
from billingportal.plain_json import JsonObject


class Unclear(Exception):
    """The stored rows do not tell what the schedule does."""


@dataclass(frozen=True)
class Phase:
    """The items from a time on, by price. `has_adjustments`: more than their prices decides on the amount."""

    starts_at: datetime
    items: Mapping[str, int | None]
    has_adjustments: bool


def schedule_of(session: Session, subscription: Subscription) -> SubscriptionSchedule | None:
    """The stored schedule of the subscription, if it has one."""
    if subscription.stripe_schedule_id is None:
        return None
    return session.scalar(
        select(SubscriptionSchedule)
        .where(
            SubscriptionSchedule.processor_account_id == subscription.processor_account_id,
            SubscriptionSchedule.stripe_schedule_id == subscription.stripe_schedule_id,
        )
        .execution_options(populate_existing=True)
    )


def coming_phases(session: Session, subscription: Subscription, moment: datetime) -> list[Phase]:
    """The phases that start after a time, in their order."""
    schedule = schedule_of(session, subscription)
    rows = cast(list[JsonObject], schedule.phases) if schedule is not None else []
    found = [phase_of(row) for row in rows]
    return sorted((one for one in found if one.starts_at > moment), key=lambda one: one.starts_at)


def phase_at(session: Session, subscription: Subscription, moment: datetime, at: datetime) -> Phase | None:
    """The phase that starts at the end of the period; None where none does.

    Raises Unclear when the schedule is not stored, or changes something before.
    """
    if subscription.stripe_schedule_id is not None and schedule_of(session, subscription) is None:
        raise Unclear
    coming = [one for one in coming_phases(session, subscription, moment) if one.starts_at <= at]
    if any(one.starts_at < at for one in coming):
        raise Unclear
    return coming[0] if coming else None


def phase_of(row: JsonObject) -> Phase:
    """A stored phase. Rows of before this was stored do not say whether they have adjustments."""
    items = cast(list[JsonObject], row["items"])
    return Phase(
        datetime.fromisoformat(str(row["starts_at"])),
        {str(item["price"]): cast(int | None, item["quantity"]) for item in items},
        bool(row.get("has_adjustments", True)),
    )
