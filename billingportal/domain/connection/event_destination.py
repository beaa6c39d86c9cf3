"""The event destination: where Stripe reports the meter events that it took and rejected later."""

from datetime import datetime
from typing import cast

from billingportal.domain.connection.registration import Kind, Outcome
from billingportal.models import EventDestination
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import AddressCopy, EventDestinationCopy

# Thin events: no webhook endpoint can ask for them.
ERROR_REPORT = "v1.billing.meter.error_report_triggered"
NO_METER_FOUND = "v1.billing.meter.no_meter_found"
REPORTS = (ERROR_REPORT, NO_METER_FOUND)
NAME = "Billing portal: usage errors"
UNREACHABLE = "Stripe cannot reach this portal, so the reports are fetched instead."


class Destination(Kind):
    noun, short, key = "event destination for usage errors", "event destination", "event-destination"
    path, label = "/webhooks/stripe/reports/", "billing_portal_event_destination"
    events = REPORTS
    model = EventDestination

    def create(self, gateway: StripeGateway, url: str, token: str, idempotency_key: str) -> AddressCopy:
        return gateway.event_destinations.create(NAME, url, self.events, {self.label: token}, idempotency_key)

    def update(self, gateway: StripeGateway, found: AddressCopy, url: str) -> None:
        gateway.event_destinations.update(found.stripe_id, url, self.events)
        if not found.is_enabled:
            gateway.event_destinations.enable(found.stripe_id)

    def delete(self, gateway: StripeGateway, stripe_id: str) -> None:
        gateway.event_destinations.delete(stripe_id)

    def includes(self, found: AddressCopy) -> bool:
        """The list has webhook endpoints too."""
        return cast(EventDestinationCopy, found).is_thin


DESTINATION = Destination()


def note_outcome(row: EventDestination, outcome: Outcome, moment: datetime) -> None:
    """Store a check's outcome. What Stripe reported while the destination did not work is read at once."""
    state = row.state
    row.state = "registered" if outcome.state == "registered" else "reading"
    row.problem = UNREACHABLE if outcome.state == "unreachable" else outcome.problem
    if outcome.repairs:
        row.repaired_at, row.repair = moment, outcome.repairs[-1].words
    if outcome.repairs or row.state != state or row.next_read_at is None:
        row.next_read_at = moment
