"""How far an account has been read from Stripe: the row of its catch-up, locked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.domain.sync.inbox import WAITING
from billingportal.models import CatchUp, StripeEvent
from billingportal.stripe_gateway.listings import WALKS


def locked_catch_up(session: Session, processor_account_id: int) -> CatchUp:
    """The account's catch-up row; other workers wait until this transaction ends."""
    return session.scalars(
        select(CatchUp).where(CatchUp.processor_account_id == processor_account_id).with_for_update()
    ).one()


@dataclass(frozen=True)
class Place:
    """Where a pass is in the present list: the id before its next page, and that page's size."""

    page_after: str | None
    page_size: int


@dataclass(frozen=True)
class Completeness:
    """`up_to`: the rows reflect every event before it. `waiting`: objects whose events are not applied yet."""

    up_to: datetime | None
    waiting: int


def completeness(session: Session, catch_up: CatchUp) -> Completeness:
    """The older of the last pass's start and of the oldest event that is listed and not yet applied."""
    oldest, waiting = session.execute(
        select(func.min(StripeEvent.created_at), func.count(StripeEvent.object_id.distinct())).where(
            StripeEvent.processor_account_id == catch_up.processor_account_id, StripeEvent.state.in_(WAITING)
        )
    ).one()
    listed_up_to = catch_up.complete_up_to
    return Completeness(min(listed_up_to, oldest) if listed_up_to and waiting else listed_up_to, waiting)


@dataclass(frozen=True)
class Progress:
    """Where a full read is: the number of its present list, from 1, and about how long it will take."""

    position: int
    left: timedelta | None


def progress(catch_up: CatchUp, moment: datetime) -> Progress:
    """How far the full read is that is under way. The time left is unknown until a first part has been read.

    Stripe says of no list how long it is. So each list counts by its usual share of all objects, and within a list
    the age of the last object read counts.
    """
    names = list(WALKS)
    position = names.index(catch_up.walk) if catch_up.walk in WALKS else 0
    shares = [WALKS[name].share for name in names]
    done = 100 * sum(shares[:position]) + catch_up.list_percent * shares[position]
    started_at = catch_up.pass_started_at
    if not done or started_at is None or moment <= started_at:
        return Progress(position + 1, None)
    return Progress(position + 1, (moment - started_at) * (100 * sum(shares) - done) // done)
