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
    """A subscription item with its current period. `use` is None when its price belongs to no plan here;
    `is_of_a_plan`: the price's product is one that plans here sell."""

    stripe_subscription_item_id: str
    stripe_price_id: str
    quantity: int | None
    use: Use | None
    started_at: datetime
    ends_at: datetime
    is_of_a_plan: bool = False

    @property
    def is_known(self) -> bool:
        return self.use is not None or self.is_of_a_plan

    @property
    def is_licensed(self) -> bool:
        return self.quantity is not None


def changes(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> list[ItemChange]:
    """The necessary item changes. An item that is replaced keeps its id; an item of something else stays unchanged."""
    kept = matches(held, wanted)
    found = [
        ItemChange(item.stripe_subscription_item_id if item else None, one.stripe_price_id, one.quantity)
        for one, item in zip(wanted, kept, strict=True)
        if item is None or (item.stripe_price_id, item.quantity) != (one.stripe_price_id, one.quantity)
    ]
    gone = [item for item in replaced(held) if item not in kept]
    return found + [
        ItemChange(item.stripe_subscription_item_id, item.stripe_price_id, None, is_removed=True) for item in gone
    ]


def replaced(held: Sequence[HeldItem]) -> list[HeldItem]:
    """The items that a change of plan replaces: those of plans and of their products, or the only licensed item."""
    licensed = [item for item in held if item.is_licensed]
    only = licensed if len(licensed) == 1 else []
    return [item for item in held if item.is_known or item in only]


def staying(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> list[HeldItem]:
    """The items of something else, which no change of plan touches."""
    prices = {one.stripe_price_id for one in wanted}
    going = replaced(held)
    return [item for item in held if item not in going and item.stripe_price_id not in prices]


def is_unclear(held: Sequence[HeldItem]) -> bool:
    """Whether nothing tells which of several licensed items is the plan's."""
    licensed = [item for item in held if item.is_licensed]
    return len(licensed) > 1 and not any(item.is_known for item in licensed)


def matches(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> list[HeldItem | None]:
    """For each chosen item the subscription item to change into it: of the same price, else of the same use, else one
    whose use is unknown."""
    by_price = {item.stripe_price_id: item for item in held}
    found = [by_price.get(one.stripe_price_id) for one in wanted]
    free = [item for item in replaced(held) if item not in found]
    found = [item or take(free, one, (one.role, one.resource_id)) for one, item in zip(wanted, found, strict=True)]
    return [item or take(free, one, None) for one, item in zip(wanted, found, strict=True)]


def take(free: list[HeldItem], wanted: ChosenItem, use: Use | None) -> HeldItem | None:
    """Remove and return the first free item of this use, licensed or metered as wanted."""
    is_licensed = wanted.quantity is not None
    found = next((item for item in free if item.use == use and item.is_licensed == is_licensed), None)
    if found is not None:
        free.remove(found)
    return found


def after(held: Sequence[HeldItem], wanted: Sequence[ChosenItem]) -> dict[str, int | None]:
    """Quantities by price after the change: the chosen items, and the items that stay."""
    kept = {item.stripe_price_id: item.quantity for item in staying(held, wanted)}
    return kept | {one.stripe_price_id: one.quantity for one in wanted}
