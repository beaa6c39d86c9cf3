"""Plans of all pricing models, licensed and metered, monthly and yearly, in currencies with 2, 0 and 3 decimals."""

from dataclasses import dataclass
from typing import Any

from billingportal.db import transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER
from billingportal.models import Staff
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.usage import add_resource
from tests.support.people.clients import connection, plan_of
from tests.support.stripe.worlds import World

# Minor units of each currency for one US cent; Stripe takes fils in tens only.
CURRENCIES = {"usd": 1, "jpy": 2, "kwd": 10}
MODELS = ("flat", "per_unit", "package", "volume", "graduated")
USAGE = ("licensed", "metered")
INTERVALS = ("month", "year")


@dataclass
class Stock:
    """A connected account, and what makes plans in it."""

    world: World
    staff_id: int
    catalog: Catalog
    number: int = 0

    def plan(self, model: str, usage: str, intervals: tuple[str, ...] = INTERVALS, **terms: Any) -> int:
        """A plan of one model; its id. Metered ones have a flat price beside, but for `per_unit`."""
        self.number += 1
        name = f"{model} {usage} {self.number}"
        resource_id = add_resource(f"Messages {self.number}")
        meter = self.meter() if usage == "metered" else None
        links = []
        for interval in intervals:
            if model == "flat" or (usage == "metered" and model != "per_unit"):
                links.append(Link(self.price("flat", interval, None), "flat"))
            if usage == "metered":
                kind = "per_unit" if model == "flat" else model
                links.append(Link(self.price(kind, interval, meter), "usage", resource_id))
            elif model != "flat":
                links.append(Link(self.price(model, interval, None), "quantity", resource_id))
        quota = Limit(0, "bill") if usage == "metered" else Limit(100)
        return plan_of(self.staff_id, self.world.app, links, name, quotas={resource_id: quota}, **terms)

    def meter(self, formula: str = "sum") -> str:
        made = self.catalog.meter(f"messages_{self.number}", f"Messages {self.number}", formula)
        account, gateway = connection()
        reconciliation.refresh(transaction, gateway, account.id, METER, made)
        return made

    def price(self, model: str, interval: str, meter: str | None) -> str:
        recurring: dict[str, Any] = {"interval": interval}
        if meter is not None:
            recurring |= {"usage_type": "metered", "meter": meter}
        options = {currency: amounts(model, rate) for currency, rate in CURRENCIES.items() if currency != "usd"}
        given: dict[str, Any] = {**amounts(model, 1), "recurring": recurring, "currency_options": options}
        if model == "package":
            given["transform_quantity"] = {"divide_by": 10, "round": "up"}
        if model in ("volume", "graduated"):
            given |= {"billing_scheme": "tiered", "tiers_mode": model}
        return self.catalog.price(product=self.catalog.product(f"{model} {self.number}"), **given)


def amounts(model: str, rate: int) -> dict[str, Any]:
    """The amounts of a price in a currency."""
    if model == "flat":
        return {"unit_amount": 2900 * rate}
    if model == "package":
        return {"unit_amount": 500 * rate}
    if model == "per_unit":
        return {"unit_amount": 20 * rate}
    tiers = [
        {"up_to": 5, "unit_amount": 100 * rate, "flat_amount": 300 * rate},
        {"up_to": 20, "unit_amount": 70 * rate},
        {"up_to": "inf", "unit_amount": 40 * rate},
    ]
    return {"tiers": tiers}


def stock(world: World, owner: Staff) -> Stock:
    """Connect the world's account."""
    world.connect()
    world.work()
    return Stock(world, owner.id, Catalog(world.sandbox.client(world.stripe_account.test_key)))
