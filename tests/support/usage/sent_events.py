"""Meter events that were sent, as rows of the outbox."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.metering import outbox
from billingportal.models import ClientMeter, MeterEvent
from billingportal.models.metering.meter_event import MeterEventState
from tests.support.catalog.usage import add_resource
from tests.support.people.clients import new_client

MINUTE = timedelta(minutes=1)


@dataclass
class SentEvents:
    """The outbox of one client of an account. Meters are known by their id at Stripe."""

    account_id: int
    client_id: int
    resource_id: int
    meters: dict[str, int] = field(default_factory=dict)

    def meter(self, session: Session, stripe_meter_id: str) -> int:
        """The client's row for a meter."""
        if stripe_meter_id not in self.meters:
            row = ClientMeter(
                client_id=self.client_id,
                resource_id=self.resource_id,
                processor_account_id=self.account_id,
                stripe_meter_id=stripe_meter_id,
                begins_at=now() - timedelta(days=60),
            )
            session.add(row)
            session.flush()
            self.meters[stripe_meter_id] = row.id
        return self.meters[stripe_meter_id]

    def add(
        self,
        stripe_meter_id: str = "mtr_1",
        *,
        value: int = 5,
        state: MeterEventState = "sent",
        sent_at: datetime | None = None,
        at: datetime | None = None,
    ) -> str:
        """An event that Stripe took, a minute ago unless said; its identifier."""
        sent_at = sent_at or now() - MINUTE
        at = at or sent_at
        with transaction() as session:
            meter_id = self.meter(session, stripe_meter_id)
            event = MeterEvent(
                client_meter_id=meter_id,
                identifier=outbox.new_identifier(),
                value=value,
                at=at,
                day=at.date(),
                period_starts_at=at.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
                state=state,
                attempts=1,
                prepared_at=sent_at,
                first_sent_at=sent_at,
                sent_at=sent_at,
            )
            session.add(event)
            session.flush()
            outbox.refresh_days(session, meter_id, [event.day])
            return event.identifier

    def event(self, identifier: str) -> MeterEvent:
        session = db.session()
        session.rollback()
        return session.scalars(select(MeterEvent).where(MeterEvent.identifier == identifier)).one()

    def states(self, *identifiers: str) -> list[MeterEventState]:
        return [self.event(one).state for one in identifiers]


def sent_events(account_id: int) -> SentEvents:
    """An empty outbox, of a client and a resource of its own."""
    return SentEvents(account_id, new_client(), add_resource("AI replies"))
