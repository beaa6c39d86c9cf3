"""The discounts that run on a subscription and on its items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import stripe

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.fields import (
    first_rows,
    optional_moment,
    optional_text,
    part,
    plain_rows,
    short_text,
)
from billingportal.stripe_gateway.requests.calls import ask


@dataclass(frozen=True)
class RunningDiscount:
    """`stripe_subscription_item_id` is None for one of the whole subscription. `duration` is the coupon's: once,
    repeating or forever; empty where the coupon is not known any more."""

    stripe_discount_id: str
    stripe_subscription_item_id: str | None
    duration: str
    ends_at: datetime | None


@dataclass(frozen=True)
class ChosenDiscounts:
    """Of the discounts that run, those `kept` in a preview."""

    running: Sequence[RunningDiscount]
    kept: Sequence[RunningDiscount]


class Discounts:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def running(self, subscription_id: str) -> tuple[RunningDiscount, ...]:
        """The subscription's discounts and those of its items. Two calls, since Stripe expands four levels at most."""
        whole: stripe.params.SubscriptionRetrieveParams = {"expand": ["discounts.source.coupon"]}
        source, _ = ask(lambda: self._client.v1.subscriptions.retrieve(subscription_id, params=whole))
        each: stripe.params.SubscriptionItemListParams = {
            "subscription": subscription_id,
            "limit": 100,
            "expand": ["data.discounts.source.coupon"],
        }
        listed, _ = ask(lambda: self._client.v1.subscription_items.list(params=each))
        found = [running_discount(one, None) for one in plain_rows(source, "discounts")]
        for item in first_rows(listed):
            found += [running_discount(one, short_text(item, "id")) for one in plain_rows(item, "discounts")]
        return tuple(found)


def running_discount(source: JsonObject, item_id: str | None) -> RunningDiscount:
    coupon = part(source, "source").get("coupon")
    duration = optional_text(coupon, "duration") if isinstance(coupon, dict) else None
    return RunningDiscount(short_text(source, "id"), item_id, duration or "", optional_moment(source, "end"))


def discount_params(chosen: ChosenDiscounts, item_id: str | None) -> Json:
    """The kept discounts of an item, or of the whole subscription; an empty text leaves out all."""
    kept: list[Json] = [
        {"discount": one.stripe_discount_id} for one in chosen.kept if one.stripe_subscription_item_id == item_id
    ]
    return kept or ""


def items_with_discounts(items: Sequence[JsonObject], chosen: ChosenDiscounts) -> list[Json]:
    """The item changes of a preview, with the kept discounts of each item that has discounts."""
    discounted = {one.stripe_subscription_item_id for one in chosen.running} - {None}
    left = [name for name in sorted(map(str, discounted)) if name not in {item.get("id") for item in items}]
    added: list[JsonObject] = [{"id": name} for name in left]
    whole: list[JsonObject] = [*items, *added]
    return [
        {**item, "discounts": discount_params(chosen, str(item["id"]))}
        if item.get("id") in discounted and not item.get("deleted")
        else item
        for item in whole
    ]
