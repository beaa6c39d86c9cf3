"""Use that was reported after a restored backup was taken: the portal does not know it any more."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.health.audit.aftermath import BEHIND
from billingportal.domain.health.audit.progress import place_of
from billingportal.models import Client, ClientMeter, MeterDay, Resource, StripeAudit


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
            "a record whose key is known here counts once."
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
            MeterDay.differs_since.is_not(None),
            MeterDay.differs_by > 0,
            MeterDay.day >= since.date(),
        )
        .order_by(MeterDay.day, Client.folded_name, Client.id, Resource.name)
    )
    found = tuple(UnknownUse(*row) for row in rows)
    return LostUse(since, audit.started_at, tuple(dict.fromkeys(found)))
