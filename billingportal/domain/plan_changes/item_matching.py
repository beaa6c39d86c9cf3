"""Matches a subscription's items with the chosen items, so that one call changes all of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billingportal.domain.offers.selection import ChosenItem
from billingportal.models.plans.plan_price import PriceRole
from billingportal.stripe_gateway.requests.subscriptions import ItemChange

# The use of a price: its role and resource id.
Use = tuple[PriceRole, int | None]


@dataclass(frozen=True)
class HeldItem:
    """A subscription item with its current period. `use` is None when its price belongs to no plan here."""

    stripe_subscription_item_id: str
    stripe_price_id: str
    quantity: int | None
    use: Use | None
    started_at: datetime
    ends_at: datetime


def changes(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> list[ItemChange]:
    """The necessary item changes. An item of the same use keeps its id; an item of no plan here stays unchanged."""
    kept = matches(held, wanted)
    found = [
        ItemChange(item.stripe_subscription_item_id if item else None, one.stripe_price_id, one.quantity)
        for one, item in zip(wanted, kept, strict=True)
        if item is None or (item.stripe_price_id, item.quantity) != (one.stripe_price_id, one.quantity)
    ]
    gone = [item for item in held if item not in kept and item.use is not None]
    return found + [
        ItemChange(item.stripe_subscription_item_id, item.stripe_price_id, None, is_removed=True) for item in gone
    ]


def matches(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> list[HeldItem | None]:
    """For each chosen item the subscription item to change into it: of the same price, else of the same use."""
    by_price = {item.stripe_price_id: item for item in held}
    same = [by_price.get(one.stripe_price_id) for one in wanted]
    free = [item for item in held if item.use is not None and item not in same]
    return [item or take(free, (one.role, one.resource_id)) for one, item in zip(wanted, same, strict=True)]


def take(free: list[HeldItem], use: Use) -> HeldItem | None:
    """Remove and return the first free item for this use."""
    found = next((item for item in free if item.use == use), None)
    if found is not None:
        free.remove(found)
    return found


def after(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> dict[str, int | None]:
    """Quantities by price after the change: the chosen items, and the items of no plan here."""
    foreign = {item.stripe_price_id: item.quantity for item in held if item.use is None}
    return foreign | {one.stripe_price_id: one.quantity for one in wanted}
