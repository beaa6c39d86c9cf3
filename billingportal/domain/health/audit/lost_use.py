"""Use that was reported after a restored backup was taken: the portal does not know it any more."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from billingportal.domain.health.audit.progress import place_of
from billingportal.models import Client, ClientMeter, MeterDay, Resource, StripeAudit

# A portal that was away for less has lost nothing: what it refused is reported again by itself.
BEHIND = timedelta(hours=1)


@dataclass(frozen=True)
class UnknownUse:
    """Units of one day that Stripe's meter has and this portal did not send, as far as it knows."""

    client_id: int
    client: str
    resource: str
    day: date
    units: int


@dataclass(frozen=True)
class LostUse:
    """Between the two moments (UTC) the portal read nothing from Stripe: it was away, or a backup was restored."""

    since: datetime
    until: datetime
    at_stripe: tuple[UnknownUse, ...]

    @property
    def sentence(self) -> str:
        since, until = (f"{moment:%Y-%m-%d %H:%M}" for moment in (self.since, self.until))
        return (
            f"This portal knows nothing of the time from {since} to {until} UTC. "
            "If a backup was restored, have your platform report all use of that time again: "
            "a record whose key is known here counts once, and what Stripe has already is not billed twice."
        )


def lost_use(session: Session, audit: StripeAudit) -> LostUse | None:
    """The use that has to be reported again; None where the portal had read Stripe's events up to within an hour."""
    since = place_of(audit).behind_since
    if since is None or since >= audit.started_at - BEHIND:
        return None
    rows = session.execute(
        select(Client.id, Client.name, Resource.name, MeterDay.day, MeterDay.differs_by)
        .join(ClientMeter, ClientMeter.id == MeterDay.client_meter_id)
        .join(Client, Client.id == ClientMeter.client_id)
        .join(Resource, Resource.id == ClientMeter.resource_id)
        .where(
            ClientMeter.processor_account_id == audit.processor_account_id,
            *is_unknown(since),
        )
        .order_by(MeterDay.day, Client.folded_name, Client.id, Resource.name)
    )
    found = tuple(UnknownUse(*row) for row in rows)
    return LostUse(since, audit.started_at, tuple(dict.fromkeys(found)))


def is_unknown(since: datetime) -> tuple[ColumnElement[bool], ...]:
    """SQL conditions: a day since then of which Stripe has more than was sent."""
    return MeterDay.differs_since.is_not(None), MeterDay.differs_by > 0, MeterDay.day >= since.date()


def note_unknown(session: Session, account_id: int, since: datetime) -> None:
    """Note what Stripe has more, so that use that is reported again is not sent to it again.

    A day on which a period ended has two rows; what Stripe has of it is noted once.
    """
    newest = (
        select(func.max(MeterDay.id))
        .join(ClientMeter, ClientMeter.id == MeterDay.client_meter_id)
        .where(ClientMeter.processor_account_id == account_id, *is_unknown(since))
        .group_by(MeterDay.client_meter_id, MeterDay.day)
    )
    session.execute(
        update(MeterDay)
        .where(MeterDay.id.in_(newest))
        .values(unknown_units=MeterDay.differs_by)
        .execution_options(synchronize_session=False)
    )
