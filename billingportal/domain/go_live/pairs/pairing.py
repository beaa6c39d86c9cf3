"""Finds the live twin of each test price: the chosen or created one, else by lookup key, else by product and terms.

Never a guess: where several live prices fit, or one fits several test prices, staff choose.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from billingportal.domain.go_live.pairs.catalog import Catalog
from billingportal.domain.go_live.pairs.comparison import is_active, same_terms
from billingportal.domain.plans.linked_prices import HeldPrice

# `terms`: same product name, and equal in every field. `product`: same product name, currency, period and usage type.
Way = Literal["choice", "created", "lookup_key", "terms", "product", "none"]


@dataclass(frozen=True)
class Found:
    """`twin` is None where none fits, or where `candidates` has several."""

    way: Way
    twin: HeldPrice | None = None
    candidates: tuple[HeldPrice, ...] = ()


def find_twins(catalog: Catalog) -> dict[str, Found]:
    """What was found for each test price, by its id."""
    found = {price_id: exact_twin(catalog, test) for price_id, test in catalog.test.items()}
    taken = {one.twin.price.stripe_price_id for one in found.values() if one is not None and one.twin is not None}
    near = {
        price_id: near_twins(catalog, catalog.test[price_id], taken) for price_id, one in found.items() if one is None
    }
    shared = Counter(one.price.stripe_price_id for candidates in near.values() for one in candidates)
    return {price_id: one if one is not None else near_found(near[price_id], shared) for price_id, one in found.items()}


def exact_twin(catalog: Catalog, test: HeldPrice) -> Found | None:
    """The twin by choice, creation, lookup key or equal terms; None where none of them says anything."""
    price_id = test.price.stripe_price_id
    created = catalog.live_price(catalog.created.get(("price", price_id)))
    if created is not None:
        return Found("created", created)
    if ("price", price_id) in catalog.chosen:
        chosen_id = catalog.chosen["price", price_id]
        chosen = catalog.live_price(chosen_id)
        if chosen is not None or chosen_id is None:
            return Found("choice", chosen)
    holder = holder_of(catalog, test.price.lookup_key)
    if holder is not None:
        return Found("lookup_key", holder)
    equal = tuple(live for live in similar(catalog, test) if same_terms(test, live))
    if not equal:
        return None
    return Found("terms", equal[0]) if len(equal) == 1 else Found("terms", None, equal)


def holder_of(catalog: Catalog, lookup_key: str | None) -> HeldPrice | None:
    """The live price that has this lookup key, archived or not: it is unique in an account and mode."""
    if lookup_key is None:
        return None
    return next((one for one in catalog.live if one.price.lookup_key == lookup_key), None)


def similar(catalog: Catalog, test: HeldPrice) -> tuple[HeldPrice, ...]:
    """The active live prices of a product with the same name, and with the same currency, period and usage type."""
    if test.product is None:
        return ()
    name, way = test.product.name, way_of_paying(test)
    named = [one for one in catalog.live if one.product and one.product.name == name]
    return tuple(one for one in named if is_active(one) and way_of_paying(one) == way)


def near_twins(catalog: Catalog, test: HeldPrice, taken: set[str]) -> tuple[HeldPrice, ...]:
    """The similar live prices that are nobody's twin yet."""
    return tuple(one for one in similar(catalog, test) if one.price.stripe_price_id not in taken)


def way_of_paying(held: HeldPrice) -> tuple[object, ...]:
    price = held.price
    event = held.meter.event_name if held.meter else None
    return price.currency, price.interval, price.interval_count, price.usage_type, event


def near_found(candidates: Sequence[HeldPrice], shared: Counter[str]) -> Found:
    if not candidates:
        return Found("none")
    is_only = len(candidates) == 1 and shared[candidates[0].price.stripe_price_id] == 1
    return Found("product", candidates[0]) if is_only else Found("product", None, tuple(candidates))
