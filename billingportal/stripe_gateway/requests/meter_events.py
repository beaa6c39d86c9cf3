"""Meter events at Stripe: what a customer used, and taking back what was sent within a day."""

from collections.abc import Mapping
from datetime import datetime

import stripe

from billingportal.stripe_gateway.errors import MeterEventExists, RequestRefused
from billingportal.stripe_gateway.requests.calls import ask

# Stripe's words when an identifier was used in the last 24 hours or so. The answer has no code of its own.
EXISTS = "event already exists with identifier"


class MeterEvents:
    """Sending use to Stripe's meters. Nothing is retried here: a later attempt needs an idempotency key of its own,
    because Stripe replays the answer to an earlier one for a day, failures too.
    """

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create(
        self, event_name: str, payload: Mapping[str, str], identifier: str, at: datetime, idempotency_key: str
    ) -> str | None:
        """Send a meter event; the id of the request. The timestamp is the whole second of `at`.

        Raises MeterEventExists when Stripe took the identifier before, RequestRefused when it never will, another
        StripeProblem when nobody can say. Stripe checks the customer and the value later (see error reports).
        """
        params: stripe.params.billing.MeterEventCreateParams = {
            "event_name": event_name,
            "payload": dict(payload),
            "identifier": identifier,
            "timestamp": int(at.timestamp()),
        }
        options = options_of(idempotency_key)
        request_ids: list[str | None] = []

        def send() -> stripe.billing.MeterEvent:
            event = self._client.v1.billing.meter_events.create(params=params, options=options)
            request_ids.append(event.last_response.request_id if event.last_response else None)
            return event

        try:
            ask(send)
        except RequestRefused as refusal:
            if EXISTS in refusal.message:
                raise MeterEventExists(refusal.message, request_id=refusal.request_id) from None
            raise
        return request_ids[0]

    def cancel(self, event_name: str, identifier: str, idempotency_key: str) -> None:
        """Take an event back, within 24 hours of Stripe's getting it. Raises a StripeProblem."""
        params: stripe.params.billing.MeterEventAdjustmentCreateParams = {
            "type": "cancel",
            "event_name": event_name,
            "cancel": {"identifier": identifier},
        }
        options = options_of(idempotency_key)
        ask(lambda: self._client.v1.billing.meter_event_adjustments.create(params=params, options=options))


def options_of(idempotency_key: str) -> stripe.RequestOptions:
    return {"idempotency_key": idempotency_key, "max_network_retries": 0}
