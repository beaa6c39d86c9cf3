"""Subscription schedules at Stripe: they change the items at a future time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import NotThere, UnreadableObject
from billingportal.stripe_gateway.objects.fields import (
    number,
    optional_id,
    optional_number,
    part,
    plain_rows,
    required_id,
    text,
)
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class PhaseItem:
    """A price of a phase. `quantity` is None for a metered price."""

    stripe_price_id: str
    quantity: int | None


@dataclass(frozen=True)
class NewPhase:
    """The items from `starts_at` on, for at least one period."""

    starts_at: datetime
    items: Sequence[PhaseItem]
    interval: str
    interval_count: int


class Schedules:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def begin(self, subscription_id: str, idempotency_key: str) -> str:
        """Create a schedule that continues the subscription unchanged; its id."""
        options: stripe.RequestOptions = {"idempotency_key": f"{idempotency_key}-begin"}
        params: stripe.params.SubscriptionScheduleCreateParams = {"from_subscription": subscription_id}
        source, _ = ask(lambda: self._client.v1.subscription_schedules.create(params=params, options=options))
        return text(source, "id")

    def plan(self, schedule_id: str, phase: NewPhase, idempotency_key: str) -> None:
        """Keep the items until the new phase starts, without proration; after it release the subscription."""
        source, _ = ask(lambda: self._client.v1.subscription_schedules.retrieve(schedule_id))
        phases: list[Json] = [present_phase(source, phase.starts_at), phase_params(phase)]
        given: JsonObject = {"end_behavior": "release", "proration_behavior": "none", "phases": phases}
        params = cast("stripe.params.SubscriptionScheduleUpdateParams", given)
        options: stripe.RequestOptions = {"idempotency_key": f"{idempotency_key}-plan"}
        ask(lambda: self._client.v1.subscription_schedules.update(schedule_id, params=params, options=options))

    def release(self, schedule_id: str) -> None:
        """Release the subscription in its present state. A schedule that is over already is no error."""
        try:
            source, _ = ask(lambda: self._client.v1.subscription_schedules.retrieve(schedule_id))
        except NotThere:
            return
        if text(source, "status") in ("active", "not_started"):
            ask(lambda: self._client.v1.subscription_schedules.release(schedule_id))


def present_phase(schedule: JsonObject, ends_at: datetime) -> JsonObject:
    """The current phase, unchanged: Stripe would remove each part that is left out, discounts among them."""
    running = part(schedule, "current_phase")
    starts = number(running, "start_date") if running else None
    phases = plain_rows(schedule, "phases")
    found = next((phase for phase in phases if phase.get("start_date") == starts), None) or first_phase(phases)
    kept: JsonObject = {
        "items": [present_item(item) for item in plain_rows(found, "items")],
        "start_date": number(found, "start_date"),
        "end_date": int(ends_at.timestamp()),
        "proration_behavior": "none",
    }
    discounts: list[Json] = (
        [kept_discount(one) for one in plain_rows(found, "discounts")] if "discounts" in found else []
    )
    return {**kept, "discounts": discounts} if discounts else kept


def first_phase(phases: list[JsonObject]) -> JsonObject:
    if not phases:
        raise UnreadableObject("the schedule has no phases")
    return phases[0]


def present_item(source: JsonObject) -> JsonObject:
    return item_params(required_id(source, "price"), optional_number(source, "quantity"))


def item_params(price_id: str, quantity: int | None) -> JsonObject:
    return {"price": price_id} if quantity is None else {"price": price_id, "quantity": quantity}


def kept_discount(source: JsonObject) -> JsonObject:
    names = ("discount", "coupon", "promotion_code")
    return next(({name: found} for name in names if (found := optional_id(source, name))), {})


def phase_params(phase: NewPhase) -> JsonObject:
    items: list[Json] = [item_params(item.stripe_price_id, item.quantity) for item in phase.items]
    duration: JsonObject = {"interval": phase.interval, "interval_count": phase.interval_count}
    return {"items": items, "duration": duration, "proration_behavior": "none"}
