"""What a promotion would create: meters, products, prices, then the links of the plans."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from billingportal.domain.go_live.pairs.comparison import tax_words
from billingportal.domain.go_live.pairs.pairs import Pair, Pairs
from billingportal.domain.go_live.promotion.links import link_steps
from billingportal.domain.go_live.promotion.planned_step import PlannedStep
from billingportal.domain.go_live.promotion.requests import meter_request, price_request
from billingportal.domain.go_live.promotion.twins import Blocked, Twins, refuse_blocked, twins_of
from billingportal.models import Meter
from billingportal.plain_json import JsonObject

# The parameters that create a product of test mode again, by its id.
Products = Mapping[str, JsonObject]


@dataclass(frozen=True)
class Draft:
    """`blocked` are pairs that cannot be created, with the reason. `coupons` are only listed: names by id; None where
    they could not be read."""

    steps: tuple[PlannedStep, ...] = ()
    blocked: tuple[tuple[Pair, str], ...] = ()
    coupons: dict[str, str] | None = field(default_factory=dict)

    @property
    def creations(self) -> tuple[PlannedStep, ...]:
        return tuple(step for step in self.steps if step.kind != "link")

    @property
    def links(self) -> tuple[PlannedStep, ...]:
        return tuple(step for step in self.steps if step.kind == "link")

    @property
    def seal(self) -> str:
        """Changes with everything that would be created or linked."""
        content = [[step.kind, step.subject, step.request] for step in self.steps]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def missing_products(pairs: Pairs) -> list[str]:
    """The products of test mode that are to be created: ask Stripe for their parameters."""
    twins, found = twins_of(pairs), dict[str, None]()
    for pair in pairs.of("missing"):
        with suppress(Blocked):
            refuse_blocked(pairs, pair)
            if twins.product(pair.test) is None:
                found[pair.test.price.stripe_product_id] = None
    return list(found)


def draft(pairs: Pairs, products: Products, coupons: dict[str, str] | None = None) -> Draft:
    """What would be created for the missing prices, and linked for all that match then. `products`: see
    `missing_products`."""
    twins, steps, blocked = twins_of(pairs), dict[tuple[str, str], PlannedStep](), list[tuple[Pair, str]]()
    for pair in pairs.of("missing"):
        try:
            refuse_blocked(pairs, pair)
            steps |= {(step.kind, step.subject): step for step in steps_of(pair, twins, products)}
        except Blocked as reason:
            blocked.append((pair, str(reason)))
    created = {subject for kind, subject in steps if kind == "price"}
    ordered = sorted(steps.values(), key=lambda step: ("meter", "product", "price").index(step.kind))
    return Draft((*ordered, *link_steps(pairs, created)), tuple(blocked), coupons)


def steps_of(pair: Pair, twins: Twins, products: Products) -> list[PlannedStep]:
    """The steps that one missing price needs. Raises Blocked."""
    test, awaits, steps = pair.test, JsonObject(), list[PlannedStep]()
    product = twins.product(test)
    meter = twins.meter(test.meter) if test.meter else None
    if test.meter is not None and meter is None:
        awaits["meter"] = test.meter.stripe_meter_id
        steps.append(meter_step(test.meter))
    if product is None:
        awaits["product"] = test.price.stripe_product_id
        steps.append(product_step(test.price.stripe_product_id, products))
    product_id = product.stripe_product_id if product else ""
    meter_id = None if test.meter is None else meter.stripe_meter_id if meter else ""
    request: JsonObject = {"params": price_request(test.price, product_id, meter_id), "awaits": awaits}
    steps.append(PlannedStep("price", test.price.stripe_price_id, f"Price {pair.title}", price_detail(pair), request))
    return steps


def meter_step(meter: Meter) -> PlannedStep:
    detail = f"Event {meter.event_name}, {meter.aggregation}"
    return PlannedStep("meter", meter.stripe_meter_id, f"Meter “{meter.display_name}”", detail, meter_request(meter))


def product_step(test_id: str, products: Products) -> PlannedStep:
    """Raises Blocked for a product that Stripe was not asked about."""
    params = products.get(test_id)
    if params is None:
        raise Blocked("Its product changed in Stripe meanwhile. Look again.")
    return PlannedStep("product", test_id, f"Product “{params['name']}”", "All fields as in test mode", params)


def price_detail(pair: Pair) -> str:
    """What else the price gets, in words."""
    price = pair.test.price
    key = f"Lookup key {price.lookup_key}" if price.lookup_key else "No lookup key"
    others = sorted(name.upper() for name in price.currency_options if name != price.currency)
    options = f", also in {', '.join(others)}" if others else ""
    return f"{key}{options}, tax: {tax_words(price.tax_behavior).lower()}"
