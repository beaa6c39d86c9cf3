"""An account whose live mode has half of what its plans sell in test mode: present, wrong, ambiguous and missing."""

from dataclasses import dataclass, field
from typing import Any

from billingportal.domain.plans.price_links import Link
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.plan_price import PriceRole
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.stripe.worlds import World

YEARLY = {"interval": "year"}
GRADUATED: list[dict[str, Any]] = [{"up_to": 5000, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "0.4"}]
WRONG_TIERS: list[dict[str, Any]] = [{"up_to": 4999, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "0.4"}]
SEATS = [{"up_to": 10, "unit_amount": 900, "flat_amount": 1000}, {"up_to": "inf", "unit_amount": 700}]
SEATS_IN_YEN = [{"up_to": 10, "unit_amount": 1300, "flat_amount": 1500}, {"up_to": "inf", "unit_amount": 1000}]
PACKAGES = {"divide_by": 1000, "round": "up"}


@dataclass
class Twins:
    """Works inside an application context. `test` are price ids by name; so are `live`."""

    world: World
    staff_id: int
    test: dict[str, str] = field(default_factory=dict)
    live: dict[str, str] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=dict)

    def objects(self, mode: Mode = "live") -> dict[str, dict[str, Any]]:
        """Every product, price and meter of a mode as Stripe has it, by id."""
        account = self.world.stripe_account.id
        kinds = ("product", "price", "billing.meter")
        return {one["id"]: one for kind in kinds for one in self.world.sandbox.objects(account, mode, kind)}


def catalog_of(world: World, mode: Mode) -> Catalog:
    account = world.stripe_account
    return Catalog(world.sandbox.client(account.test_key if mode == "test" else account.live_key))


def open_twins(world: World, staff_id: int) -> Twins:
    """Both modes connected and read, and the four plans active."""
    twins = Twins(world, staff_id)
    sell_in_test_mode(catalog_of(world, "test"), twins.test)
    sell_in_live_mode(catalog_of(world, "live"), twins.live)
    catalog_of(world, "test").client.v1.coupons.create({"id": "WELCOME20", "percent_off": 20, "duration": "once"})
    world.connect()
    world.connect(world.stripe_account.live_key)
    world.work()
    make_plans(twins, world.row("test").id)
    return twins


def sell_in_test_mode(stripe: Catalog, prices: dict[str, str]) -> None:
    contacts = stripe.meter("contacts_stored", "Contacts", formula="last")
    replies = stripe.meter("ai_replies", "AI replies")
    names = ("Solo", "Starter", "Growth", "Scale", "Team")
    more = {"tax_code": "txcd_10103001", "unit_label": "seat", "metadata": {"team": "yes"}}
    products = {name: stripe.product(f"Northwind {name}", description=f"For {name}", **more) for name in names}
    prices["solo_month"] = stripe.price(product=products["Solo"], unit_amount=900)
    prices["starter_month"] = stripe.price(product=products["Starter"], unit_amount=1900)
    prices["starter_year"] = keyed(stripe, "starter_yearly", products["Starter"], 19000, recurring=YEARLY)
    prices["growth_month"] = keyed(stripe, "growth_monthly", products["Growth"], 4900, tax_behavior="exclusive")
    prices["growth_year"] = stripe.price(product=products["Growth"], unit_amount=49000, recurring=YEARLY)
    prices["growth_contacts"] = stripe.metered(contacts, **graduated(GRADUATED), product=products["Growth"])
    euro: Any = {"eur": {"unit_amount": 13900, "tax_behavior": "inclusive"}}
    prices["scale_month"] = stripe.price(product=products["Scale"], unit_amount=14900, currency_options=euro)
    prices["scale_year"] = keyed(
        stripe, "scale_yearly", products["Scale"], 149000, recurring=YEARLY, nickname="Yearly", currency_options=euro
    )
    prices["scale_replies"] = stripe.metered(replies, product=products["Scale"], unit_amount_decimal="0.02")
    prices["team_month"] = stripe.price(product=products["Team"], unit_amount=9900, metadata={"team": "yes"})
    prices["team_seats"] = stripe.tiered(
        "volume", SEATS, product=products["Team"], currency_options={"jpy": {"tiers": SEATS_IN_YEN}}
    )
    prices["team_contacts"] = stripe.metered(
        contacts, product=products["Team"], unit_amount=500, transform_quantity=PACKAGES
    )


def sell_in_live_mode(stripe: Catalog, prices: dict[str, str]) -> None:
    """One price equal by its lookup key, one by its terms; three wrong, two ambiguous, and a clients' price beside."""
    contacts = stripe.meter("contacts_stored", "Contacts", formula="last")
    names = ("Solo", "Starter", "Growth", "Scale")
    products = {name: stripe.product(f"Northwind {name}") for name in names}
    prices["growth_month"] = keyed(stripe, "growth_monthly", products["Growth"], 4900, tax_behavior="exclusive")
    prices["growth_year"] = stripe.price(product=products["Growth"], unit_amount=49000, recurring=YEARLY)
    prices["starter_year"] = keyed(stripe, "starter_yearly", products["Starter"], 19001, recurring=YEARLY)
    volume = {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": WRONG_TIERS}
    prices["growth_contacts"] = stripe.metered(contacts, **volume, product=products["Growth"])
    prices["scale_month"] = stripe.price(product=products["Scale"], unit_amount=14900)
    prices["solo_one"] = stripe.price(product=products["Solo"], unit_amount=900)
    prices["solo_other"] = stripe.price(product=products["Solo"], unit_amount=900)
    prices["starter_one"] = stripe.price(product=products["Starter"], unit_amount=1500)
    prices["starter_other"] = stripe.price(product=products["Starter"], unit_amount=1700)
    prices["consulting"] = stripe.price(product=stripe.product("Consulting"), unit_amount=90000)


def keyed(stripe: Catalog, lookup_key: str, product: str, amount: int, **given: Any) -> str:
    return stripe.price(lookup_key=lookup_key, product=product, unit_amount=amount, **given)


def graduated(tiers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers}


def make_plans(twins: Twins, account_id: int) -> None:
    session = twins.world.session
    contacts, replies = resource_id(session, "contacts"), resource_id(session, "channels")
    team = resource_id(session, "team_members")
    uses: dict[str, list[tuple[str, PriceRole, int | None]]] = {
        "Solo": [("solo_month", "flat", None)],
        "Starter": [("starter_month", "flat", None), ("starter_year", "flat", None)],
        "Growth": [
            ("growth_month", "flat", None),
            ("growth_year", "flat", None),
            ("growth_contacts", "usage", contacts),
        ],
        "Scale": [("scale_month", "flat", None), ("scale_year", "flat", None), ("scale_replies", "usage", replies)],
        "Team": [("team_month", "flat", None), ("team_seats", "quantity", team), ("team_contacts", "usage", contacts)],
    }
    for name, links in uses.items():
        made = [Link(twins.test[price], role, resource) for price, role, resource in links]
        twins.plans[name] = new_plan(twins.staff_id, name, account_id=account_id, links=made, is_active=True)
