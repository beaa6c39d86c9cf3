"""Every price model by meter, in three currencies: our lines are the calculator's, the preview's and the invoice's."""

from typing import Any

import pytest

from billingportal.domain.metering.explanation import ExplainedLine, explain
from billingportal.domain.prices.pricing import amount, lines
from billingportal.models.auth.staff import Staff
from tests.support.people.clients import Subscribed
from tests.support.stripe.worlds import World
from tests.support.usage.metered import HOUR, Metered, metered

# The minor units of yen are whole yen; those of dinars thousandths, which end in 0.
CURRENCIES = {"usd": 1, "jpy": 1, "kwd": 10}
# Nothing at all, and at and around the end of every tier and package.
QUANTITIES = (0, 4, 5, 6, 9, 10, 11)
TIERS = ((5, "12.5", 1000), (10, "4", 0), ("inf", "2.3", 400))


def amounts(times: int, **given: Any) -> dict[str, Any]:
    return {name: str(round(float(value) * times, 4)).removesuffix(".0") for name, value in given.items()}


def tiers(times: int) -> list[dict[str, Any]]:
    return [
        {"up_to": up_to, **amounts(times, unit_amount_decimal=unit), "flat_amount": flat * times}
        for up_to, unit, flat in TIERS
    ]


def in_currencies(kind: str) -> dict[str, Any]:
    """The price's amounts in dollars, and its options in the other currencies."""
    own: dict[str, dict[str, Any]] = {
        currency: {"tiers": tiers(times)} if kind == "tiers" else amounts(times, unit_amount_decimal="12.5")
        for currency, times in CURRENCIES.items()
    }
    return {**own.pop("usd"), "currency_options": own}


MODELS: dict[str, dict[str, Any]] = {
    "per unit": in_currencies("unit"),
    "per package": {**in_currencies("unit"), "transform_quantity": {"divide_by": 5, "round": "up"}},
    "volume": {**in_currencies("tiers"), "billing_scheme": "tiered", "tiers_mode": "volume"},
    "graduated": {**in_currencies("tiers"), "billing_scheme": "tiered", "tiers_mode": "graduated"},
}
MODELS["flat plus metered"] = MODELS["graduated"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("model", MODELS)
def test_our_lines_are_those_of_the_calculator_the_preview_and_the_invoice(
    world: World, owner: Staff, model: str
) -> None:
    shop = metered(world, owner.id)
    flat = flat_price(shop) if model == "flat plus metered" else None
    plan_id, clock = shop.plan(model, flat, **MODELS[model]), shop.clock()
    clients = {currency: shop.subscribe(plan_id, currency, clock, currency=currency) for currency in CURRENCIES}
    previews: dict[str, list[int]] = {currency: [] for currency in CURRENCIES}
    for number in QUANTITIES:
        for currency, one in clients.items():
            use(shop, one, currency, number)
        shop.work()
        for currency, one in clients.items():
            preview = shop.sdk.v1.invoices.create_preview(params={"subscription": one.subscription})
            previews[currency].append(preview.subtotal)
        _, ends = shop.period_of(clients["usd"])
        shop.advance(clock, ends + 2 * HOUR, list(clients.values()))
    for currency, one in clients.items():
        check(shop, one, currency, previews[currency])


def flat_price(shop: Metered) -> str:
    options = {"jpy": {"unit_amount": 4900}, "kwd": {"unit_amount": 49_000}}
    return shop.catalog.price(unit_amount=4900, currency_options=options)


def use(shop: Metered, one: Subscribed, currency: str, number: int) -> None:
    """Two reports of the host platform, by two workspaces."""
    starts, _ = shop.period_of(one)
    front = number // 3
    shop.use(one, currency, {"front": front}, starts + 60, at_stripe=False)
    rest = {"front": number - front - number // 2, "web": number // 2}
    shop.use(one, currency, rest, starts + 300, at_stripe=False)


def check(shop: Metered, one: Subscribed, currency: str, previews: list[int]) -> None:
    invoices = [found for found in shop.read_invoices(one) if found.billing_reason == "subscription_cycle"]
    assert len(invoices) == len(QUANTITIES)
    for invoice, number, preview in zip(invoices, QUANTITIES, previews, strict=True):
        found = explain(shop.world.session, invoice)
        assert found.is_whole
        assert found.is_equal
        (by_use,) = (line for line in found.lines if line.block.kind == "usage")
        check_line(by_use, currency, number)
        flat = sum(line.block.amount.minor for line in found.lines if line.block.kind == "licensed")
        assert invoice.total_minor == preview == flat + by_use.block.amount.minor


def check_line(line: ExplainedLine, currency: str, number: int) -> None:
    terms = line.block.terms
    assert terms is not None
    assert terms.currency == currency
    assert line.use is not None
    assert line.use.total == number
    assert line.units == number
    assert line.steps == lines(terms, number)
    assert line.ours == amount(terms, number) == line.block.amount
    shared = [row.amount.minor for row in line.by_workspace]
    assert sum(shared) == (line.block.amount.minor if number else 0)
    assert sum(row.percent for row in line.by_workspace) == (100 if number else 0)
    assert sum(line.use.days) == number
