"""Event destinations, and the thin events that are delivered to them, of API v2.

An ordinary secret key is enough. The account's webhook endpoints are event destinations too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import stripe
from stripe.params.v2.core import EventDestinationCreateParams, EventDestinationUpdateParams

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import NotThere, UnreadableObject
from billingportal.stripe_gateway.objects import meters, parsing
from billingportal.stripe_gateway.objects.connection import EventDestinationCopy
from billingportal.stripe_gateway.objects.meters import ErrorReportCopy, ThinEventCopy
from billingportal.stripe_gateway.objects.readings import Reading
from billingportal.stripe_gateway.requests.calls import ask
from billingportal.stripe_gateway.requests.metering.version_two import ask_all_pages

PATH, EVENTS_PATH = "/v2/core/event_destinations", "/v2/core/events"
URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"


class EventDestinations:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def every(self) -> list[EventDestinationCopy]:
        """All destinations of the account in this mode; its webhook endpoints are among them."""
        rows, _ = ask_all_pages(self._client, PATH, {"include": [URL]})
        return [parsing.event_destination(row) for row in rows]

    def create(
        self, name: str, url: str, events: Sequence[str], labels: dict[str, str], idempotency_key: str
    ) -> EventDestinationCopy:
        """Create a destination of thin events. Only this answer has its signing secret."""
        params = {
            "name": name,
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": list(events),
            "webhook_endpoint": {"url": url},
            "metadata": labels,
            "include": [SECRET, URL],
        }
        given = cast(EventDestinationCreateParams, params)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        source, _ = ask(lambda: self._client.v2.core.event_destinations.create(given, options))
        return parsing.event_destination(source)

    def update(self, destination_id: str, url: str, events: Sequence[str]) -> EventDestinationCopy:
        """Set a destination's URL and event types."""
        params = {"enabled_events": list(events), "webhook_endpoint": {"url": url}, "include": [URL]}
        given = cast(EventDestinationUpdateParams, params)
        source, _ = ask(lambda: self._client.v2.core.event_destinations.update(destination_id, given))
        return parsing.event_destination(source)

    def enable(self, destination_id: str) -> None:
        """Have a disabled destination get events again."""
        ask(lambda: self._client.v2.core.event_destinations.enable(destination_id))

    def ping(self, destination_id: str) -> None:
        """Have a notice sent to the destination, to try it."""
        ask(lambda: self._client.v2.core.event_destinations.ping(destination_id))

    def delete(self, destination_id: str) -> None:
        """Delete a destination; one that is deleted already is no error."""
        try:
            ask(lambda: self._client.v2.core.event_destinations.delete(destination_id))
        except NotThere:
            return


class ThinEvents:
    """Every method may raise a StripeProblem. Stripe keeps the events for 30 days."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def since(self, moment: datetime, types: Sequence[str]) -> tuple[list[ThinEventCopy], Reading]:
        """The events of at most 20 types that were created at or after a moment, in any order."""
        params: JsonObject = {"types": [*types], "created": {"gte": moment.isoformat().replace("+00:00", "Z")}}
        rows, reading = ask_all_pages(self._client, EVENTS_PATH, params)
        return [parsing.thin_event(row) for row in rows], reading

    def error_report(self, event_id: str) -> ErrorReportCopy:
        """The data of a report about rejected meter events."""
        source, _ = ask(lambda: self._client.v2.core.events.retrieve(event_id))
        if source.get("id") != event_id:
            raise UnreadableObject(f"it is not the event {event_id}")
        return meters.error_report(source)
