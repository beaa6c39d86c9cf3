"""The pure parts of an explained invoice: shares, grouped lines, and the units that Stripe's lines tell."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.metering.explained.blocks import Block, blocks
from billingportal.domain.metering.explained.charged_units import charged_units
from billingportal.domain.metering.explained.shares import shares
from billingportal.domain.metering.explained.sums import sums
from billingportal.domain.prices.pricing import Package, Terms, Tier, lines
from billingportal.models import InvoiceLine, Price
from billingportal.money import Money

OCTOBER, NOVEMBER, DECEMBER = (datetime(2026, month, 14, tzinfo=UTC) for month in (10, 11, 12))
PLACES = count()
TIERS = (Tier(5, Decimal("12.5"), Decimal(1000)), Tier(10, Decimal(4)), Tier(None, Decimal("2.3"), Decimal(400)))
GRADUATED_WHOLE = ("graduated", "whole")
MODELS = {
    "unit": Terms("usd", Decimal("12.5")),
    "up": Terms("usd", Decimal(150), Package(5, "up")),
    "down": Terms("usd", Decimal(150), Package(5, "down")),
    "volume": Terms("usd", tiers=TIERS, tiers_mode="volume"),
    "graduated": Terms("usd", tiers=TIERS, tiers_mode="graduated"),
}


def line(amount: int, quantity: Decimal | int | None = 1, **values: Any) -> InvoiceLine:
    usual: dict[str, Any] = {
        "stripe_line_id": f"il_{next(PLACES)}",
        "description": "A line",
        "discount_minor": 0,
        "credit_minor": 0,
        "tax_minor": 0,
        "included_tax_minor": 0,
        "unit_amount": None,
        "stripe_price_id": "price_1",
        "stripe_product_id": "prod_1",
        "stripe_subscription_item_id": "si_1",
        "is_proration": False,
        "starts_at": OCTOBER,
        "ends_at": NOVEMBER,
    }
    number = None if quantity is None else Decimal(quantity)
    return InvoiceLine(amount_minor=amount, quantity=number, **{**usual, **values})


def price(**values: Any) -> Price:
    usual: dict[str, Any] = {
        "stripe_price_id": "price_1",
        "stripe_product_id": "prod_1",
        "currency": "usd",
        "billing_scheme": "per_unit",
        "unit_amount_decimal": Decimal(4900),
        "is_custom_amount": False,
        "usage_type": "licensed",
        "currency_options": {},
    }
    return Price(**{**usual, **values})


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), max_size=60))
def test_shares_sum_to_the_whole_and_none_is_a_unit_off(whole: int, weights: list[int]) -> None:
    parts = shares(whole, weights)
    total = sum(weights)
    assert sum(parts) == (whole if total else 0)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - whole * weight) < max(total, 1)
        assert weight or not part


def test_equal_remainders_go_to_the_earlier_ones() -> None:
    assert shares(100, [1, 1, 1]) == [34, 33, 33]
    assert shares(-1, [1, 1]) == [-1, 0]
    assert shares(16044, [41210, 18905, 3365]) == [10415, 4778, 851]


def as_stripe_may_write(terms: Terms, quantity: int, shape: str) -> list[InvoiceLine]:
    """The lines of a price, with each of the quantities that Stripe may give a fee, a tier and a package."""
    found = []
    for step in lines(terms, quantity):
        number = step.quantity
        if step.kind == "tier fee":
            number = {"fee 0": Decimal(0), "fee 1": Decimal(1), "whole": Decimal(quantity)}[shape]
        elif step.kind == "packages" and shape == "whole":
            number = Decimal(quantity)
        found.append(line(step.amount.minor, number))
    return found


@pytest.mark.parametrize(
    ("model", "shape"),
    # A tier's fee of a graduated price never has the whole quantity.
    [(model, shape) for model in MODELS for shape in ("fee 0", "fee 1", "whole") if (model, shape) != GRADUATED_WHOLE],
)
@pytest.mark.parametrize("quantity", [0, 1, 4, 5, 6, 9, 10, 11, 27])
def test_the_units_are_found_whatever_quantities_stripe_writes(model: str, shape: str, quantity: int) -> None:
    terms = MODELS[model]
    written = tuple(as_stripe_may_write(terms, quantity, shape))
    block = Block("usage", "AI replies", written, "usd", price(), terms)
    assert charged_units(block, quantity) == quantity


def test_units_that_do_not_come_to_stripes_amount_are_not_told() -> None:
    for terms in MODELS.values():
        assert charged_units(Block("usage", "x", (line(7, 3),), "usd", price(), terms), 3) is None
    two_packages = Block("usage", "x", (line(300, 2),), "usd", price(), MODELS["up"])
    assert charged_units(two_packages, 27) is None
    assert charged_units(two_packages, 9) == 9


def test_lines_of_one_price_and_period_are_one_block_and_two_prices_are_two() -> None:
    found = blocks(
        [
            line(4900),
            line(0, 20_000, stripe_price_id="price_2", stripe_subscription_item_id="si_2", ends_at=DECEMBER),
            line(120, 300, stripe_price_id="price_2", stripe_subscription_item_id="si_2", ends_at=DECEMBER),
            line(80, 40, stripe_price_id="price_3", stripe_subscription_item_id="si_2", ends_at=DECEMBER),
            line(-1200, is_proration=True),
            line(2400, is_proration=True),
            line(500, None, stripe_price_id=None, stripe_product_id=None, stripe_subscription_item_id=None),
            line(500, None, stripe_price_id=None, stripe_product_id=None, stripe_subscription_item_id=None),
        ],
        "usd",
        {"price_1": price(), "price_2": price(stripe_price_id="price_2", usage_type="metered")},
        {"prod_1": "Growth"},
    )
    assert [(one.kind, one.name, one.amount.minor) for one in found] == [
        ("licensed", "Growth", 4900),
        ("usage", "Growth", 120),
        ("other", "Growth", 80),
        ("proration", "Growth", -1200),
        ("proration", "Growth", 2400),
        ("other", "A line", 500),
        ("other", "A line", 500),
    ]


@pytest.mark.parametrize(
    ("values", "unit_amount", "kind"),
    [
        ({}, Decimal(0), "trial"),
        ({"unit_amount_decimal": Decimal(0)}, Decimal(0), "licensed"),
        ({}, Decimal(4900), "licensed"),
        ({"is_custom_amount": True, "unit_amount_decimal": None}, Decimal(0), "other"),
        ({"currency": "eur"}, Decimal(0), "other"),
        ({"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": None}, None, "other"),
        ({"usage_type": "metered"}, None, "usage"),
    ],
)
def test_each_kind_of_line_is_told_apart(values: dict[str, Any], unit_amount: Decimal | None, kind: str) -> None:
    amount = int(unit_amount or 0)
    (found,) = blocks([line(amount, unit_amount=unit_amount)], "usd", {"price_1": price(**values)}, {})
    assert found.kind == kind


def test_the_sum_follows_stripe_from_lines_to_total() -> None:
    found = sums(
        [line(1000, discount_minor=100, credit_minor=50, tax_minor=85), line(500, included_tax_minor=80)], "usd"
    )
    assert found.total == Money(1000 - 100 - 50 + 85 + 500, "usd")
    assert found.included_tax.minor == 80
    assert sums([], "usd").total == Money(0, "usd")


def test_an_amount_in_another_currency_that_was_edited_since_is_that_of_the_line() -> None:
    options = {"eur": {"unit_amount_decimal": "999"}}
    for currency, each in (("eur", Decimal(450)), ("usd", Decimal(4900))):
        (found,) = blocks(
            [line(900, 2, unit_amount=Decimal(450))], currency, {"price_1": price(currency_options=options)}, {}
        )
        assert found.terms is not None
        assert found.terms.unit_amount == each
