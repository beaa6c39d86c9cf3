"""Subscription schedules at Stripe: they change the items at a future time."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, UnreadableObject
from billingportal.stripe_gateway.objects.fields import moment, number, part, text
from billingportal.stripe_gateway.requests.calls import ask
from billingportal.stripe_gateway.requests.phase_terms import (
    find_item,
    item_params,
    item_terms,
    phase_terms,
    present_items,
)


@dataclass(frozen=True)
class PhaseItem:
    """A price of a phase. `quantity` is None for a metered price. The id: of the item that it replaces, if any."""

    stripe_price_id: str
    quantity: int | None
    stripe_subscription_item_id: str | None = None


@dataclass(frozen=True)
class NewPhase:
    """The items from `starts_at` on, for at least one period."""

    starts_at: datetime
    items: Sequence[PhaseItem]
    interval: str
    interval_count: int


@dataclass(frozen=True)
class NewSchedule:
    """A schedule that was made, and the fingerprint of the terms that its phases name."""

    stripe_schedule_id: str
    terms: str


class Schedules:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def period_anchor(self, subscription_id: str) -> datetime:
        """The moment from which the subscription's periods are counted: month ends follow its day of the month."""
        source, _ = ask(lambda: self._client.v1.subscriptions.retrieve(subscription_id))
        return moment(source, "billing_cycle_anchor")

    def plan(self, subscription_id: str, phase: NewPhase, idempotency_key: str) -> NewSchedule:
        """Keep the items until the new phase starts, without proration; after it release the subscription.

        Both phases name every term of the subscription, which they would lose otherwise. Stripe makes a schedule
        without them first; where it refuses them, the schedule is released again.
        """
        schedule_id = self._create(subscription_id, f"{idempotency_key}-begin")
        try:
            phases = self._phases(schedule_id, phase)
            self._write(schedule_id, phases, f"{idempotency_key}-plan")
        except (RequestRefused, NotThere):
            self.release(schedule_id)
            raise
        return NewSchedule(schedule_id, fingerprint(phases))

    def renew(self, schedule_id: str, phase: NewPhase, known: str) -> str:
        """Write the phases anew where the subscription's terms are others than at the fingerprint `known`."""
        phases = self._phases(schedule_id, phase)
        terms = fingerprint(phases)
        if terms != known:
            self._write(schedule_id, phases, f"{schedule_id}-{known}-{terms}")
        return terms

    def _create(self, subscription_id: str, idempotency_key: str) -> str:
        """Create a schedule that continues the subscription unchanged; its id."""
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        params: stripe.params.SubscriptionScheduleCreateParams = {"from_subscription": subscription_id}
        source, _ = ask(lambda: self._client.v1.subscription_schedules.create(params=params, options=options))
        return text(source, "id")

    def _phases(self, schedule_id: str, phase: NewPhase) -> list[Json]:
        expand: stripe.params.SubscriptionScheduleRetrieveParams = {"expand": ["subscription"]}
        source, _ = ask(lambda: self._client.v1.subscription_schedules.retrieve(schedule_id, params=expand))
        return [present_phase(source, phase.starts_at), phase_params(part(source, "subscription"), phase)]

    def _write(self, schedule_id: str, phases: list[Json], idempotency_key: str) -> None:
        given: JsonObject = {"end_behavior": "release", "proration_behavior": "none", "phases": phases}
        params = cast("stripe.params.SubscriptionScheduleUpdateParams", given)
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        ask(lambda: self._client.v1.subscription_schedules.update(schedule_id, params=params, options=options))

    def release(self, schedule_id: str) -> None:
        """Release the subscription in its present state. A schedule that is over already is no error."""
        try:
            source, _ = ask(lambda: self._client.v1.subscription_schedules.retrieve(schedule_id))
        except NotThere:
            return
        if text(source, "status") in ("active", "not_started"):
            ask(lambda: self._client.v1.subscription_schedules.release(schedule_id))


def fingerprint(phases: list[Json]) -> str:
    """Equal for phases that say the same."""
    return hashlib.sha256(json.dumps(phases, sort_keys=True).encode()).hexdigest()[:32]


def present_phase(schedule: JsonObject, ends_at: datetime) -> JsonObject:
    """The current phase, with the subscription as it is."""
    subscription = part(schedule, "subscription")
    is_trial = subscription.get("status") == "trialing"
    trial: JsonObject = {"trial_end": number(subscription, "trial_end")} if is_trial else {}
    return {
        **phase_terms(subscription),
        **trial,
        "items": present_items(subscription),
        "start_date": number(current_phase(schedule), "start_date"),
        "end_date": int(ends_at.timestamp()),
        "proration_behavior": "none",
    }


def current_phase(schedule: JsonObject) -> JsonObject:
    found = part(schedule, "current_phase")
    if not found:
        raise UnreadableObject("the schedule has no current phase")
    return found


def phase_params(subscription: JsonObject, phase: NewPhase) -> JsonObject:
    """The new phase. An item that replaces another takes over its discounts and tax rates."""
    items: list[Json] = [
        {
            **item_params(item.stripe_price_id, item.quantity),
            **item_terms(find_item(subscription, item.stripe_subscription_item_id, item.stripe_price_id)),
        }
        for item in phase.items
    ]
    duration: JsonObject = {"interval": phase.interval, "interval_count": phase.interval_count}
    return {**phase_terms(subscription), "items": items, "duration": duration, "proration_behavior": "none"}
