"""The live product and meter of a price that is to be created: one that exists, or one that is created before it."""

from collections import defaultdict
from dataclasses import dataclass

from billingportal.domain.go_live.pairs.comparison import meter_values
from billingportal.domain.go_live.pairs.pairs import Pair, Pairs
from billingportal.domain.plans.linked_prices import HeldPrice
from billingportal.models import Meter, Product


class Blocked(Exception):
    """The price cannot be created, for the reason given in plain words."""


@dataclass(frozen=True)
class Twins:
    """`siblings`: the live products of the twins that a test product's other prices have, by its id."""

    pairs: Pairs
    siblings: dict[str, set[str]]

    def product(self, test: HeldPrice) -> Product | None:
        """The live product, or None where one is to be created. Raises Blocked."""
        found = self.products(test)
        if len(found) > 1:
            name = test.product.name if test.product else ""
            raise Blocked(f"{len(found)} live products are called “{name}”. Choose one.")
        return found[0] if found else None

    def products(self, test: HeldPrice) -> list[Product]:
        """The live products that fit: the created or chosen one, the one of its siblings, else those of its name."""
        catalog, test_id = self.pairs.catalog, test.price.stripe_product_id
        by_id = {one.stripe_product_id: one for one in catalog.live_products}
        created = by_id.get(catalog.created.get(("product", test_id), ""))
        if created is not None:
            return [created]
        if ("product", test_id) in catalog.chosen:
            chosen = by_id.get(catalog.chosen["product", test_id] or "")
            return [chosen] if chosen else []
        siblings = [by_id[one] for one in sorted(self.siblings.get(test_id, ())) if one in by_id]
        if len(siblings) == 1:
            return siblings
        name = test.product.name if test.product else None
        return [one for one in catalog.live_products if one.name == name]

    def meter(self, test: Meter) -> Meter | None:
        """The live meter, or None where one is to be created. Raises Blocked for one that counts differently.

        Whether Stripe takes the event name of an inactive meter again is not documented.
        """
        live = next((one for one in self.pairs.catalog.live_meters if one.event_name == test.event_name), None)
        if live is None:
            return None
        if live.status != "active":
            raise Blocked(f"The live meter {live.display_name} is inactive. Reactivate it in Stripe.")
        differing = [name for name, value in meter_values(test).items() if meter_values(live)[name] != value]
        if differing:
            raise Blocked(f"The live meter {live.display_name} differs: {', '.join(differing).lower()}.")
        return live


def twins_of(pairs: Pairs) -> Twins:
    siblings: dict[str, set[str]] = defaultdict(set)
    for pair in pairs.pairs:
        if pair.live is not None:
            siblings[pair.test.price.stripe_product_id].add(pair.live.price.stripe_product_id)
    return Twins(pairs, dict(siblings))


def refuse_blocked(pairs: Pairs, pair: Pair) -> None:
    """Raises Blocked for a missing price that cannot be created whatever its product and meter are."""
    trouble = pair.test.trouble
    if trouble is not None:
        raise Blocked(f"It cannot be sold in test mode either. {trouble}")
    key = pair.test.price.lookup_key
    holder = next((one for one in pairs.catalog.live if key and one.price.lookup_key == key), None)
    if holder is not None:
        raise Blocked(f"The live price {holder.price.stripe_price_id} has the lookup key {key}. Keys are never moved.")


def undecided_products(pairs: Pairs) -> list[tuple[Product, list[Product]]]:
    """The products of missing prices for which several live products fit, with those."""
    twins, found = twins_of(pairs), dict[str, tuple[Product, list[Product]]]()
    for pair in pairs.of("missing"):
        product, fitting = pair.test.product, twins.products(pair.test)
        if product is not None and len(fitting) > 1:
            found[product.stripe_product_id] = (product, fitting)
    return list(found.values())
