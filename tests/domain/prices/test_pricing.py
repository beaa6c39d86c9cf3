"""Amounts: the portal's, the sandbox's and those computed by hand agree, for every model and sort of currency."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Literal

import pytest

from billingportal.domain.prices.pricing import Line, Package, Terms, Tier, amount, cliffs, lines
from billingportal.domain.prices.terms import terms_of
from billingportal.money import Money
from billingportal.sandbox import amounts as at_sandbox
from tests.support.catalog.terms import price_row, terms_in_words_of_the_sandbox

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

CURRENCIES = ("usd", "jpy", "kwd")  # hundredths, none, thousandths
USAGE_TYPES = ("licensed", "metered")


@dataclass(frozen=True)
class Model:
    """One price by its currency; amounts are in minor units, so a table has three of them."""

    name: str
    terms: dict[str, Terms]


def per_unit(*each: str) -> dict[str, Terms]:
    return {currency: Terms(currency, Decimal(unit)) for currency, unit in zip(CURRENCIES, each, strict=True)}


def per_package(size: int, rounding: Literal["up", "down"], *each: str) -> dict[str, Terms]:
    return {
        currency: Terms(currency, Decimal(unit), Package(size, rounding))
        for currency, unit in zip(CURRENCIES, each, strict=True)
    }


def tiered(mode: Literal["volume", "graduated"], *rows: tuple[int | None, str, str]) -> dict[str, Terms]:
    """Tiers as (up to, unit amounts, flat amounts), each amount by currency."""
    return {
        currency: Terms(
            currency,
            tiers=tuple(
                Tier(up_to, Decimal(units.split()[place]), Decimal(flats.split()[place]))
                for up_to, units, flats in rows
            ),
            tiers_mode=mode,
        )
        for place, currency in enumerate(CURRENCIES)
    }


SEATS = Model("per unit", per_unit("1250", "1500", "3840"))
CHEAP = Model("per unit, a fraction of a minor unit", per_unit("0.5", "0.25", "1.5"))
UP = Model("package, rounded up", per_package(100, "up", "1000", "1200", "3000"))
DOWN = Model("package, rounded down", per_package(100, "down", "1000", "1200", "3000"))
# Stripe's own example on its page about pricing models, which gives dollars.
EXAMPLE = (
    (5, "500 600 1500", "1000 1200 3000"),
    (10, "400 500 1200", "2000 2400 6000"),
    (None, "300 400 900", "3000 3600 9000"),
)
VOLUME = Model("volume", tiered("volume", *EXAMPLE))
GRADUATED = Model("graduated", tiered("graduated", *EXAMPLE))
FREE_FIRST = (
    (1000, "0 0 0", "0 0 0"),
    (None, "0.4 0.5 1.1", "0 0 0"),
)
VOLUME_FREE = Model("volume, first tier free", tiered("volume", *FREE_FIRST))
GRADUATED_FREE = Model("graduated, first tier free", tiered("graduated", *FREE_FIRST))
FEES = (
    (1000, "0 0 0", "2900 3500 8900"),
    (5000, "0 0 0", "7900 9500 24000"),
    (None, "1 2 3", "0 0 0"),
)
VOLUME_FEES = Model("volume, fees only", tiered("volume", *FEES))
GRADUATED_FEES = Model("graduated, fees only", tiered("graduated", *FEES))

# Computed by hand: a quantity, and what it costs in cents, yen and fils.
BY_HAND = (
    (SEATS, "0: 0 0 0", "1: 1250 1500 3840", "7: 8750 10500 26880"),
    # 3 x 0.5 = 1.5 and 2 x 0.25 = 0.5: halves go up.
    (CHEAP, "0: 0 0 0", "1: 1 0 2", "2: 1 1 3", "3: 2 1 5", "1001: 501 250 1502"),
    (UP, "0: 0 0 0", "1: 1000 1200 3000", "99: 1000 1200 3000", "100: 1000 1200 3000"),
    (UP, "101: 2000 2400 6000", "200: 2000 2400 6000", "201: 3000 3600 9000"),
    (DOWN, "0: 0 0 0", "1: 0 0 0", "99: 0 0 0", "100: 1000 1200 3000", "101: 1000 1200 3000"),
    (DOWN, "199: 1000 1200 3000", "200: 2000 2400 6000"),
    (VOLUME, "0: 1000 1200 3000", "1: 1500 1800 4500", "4: 3000 3600 9000", "5: 3500 4200 10500"),
    # 6 x 4.00 + 20.00 = 44.00
    (VOLUME, "6: 4400 5400 13200", "9: 5600 6900 16800", "10: 6000 7400 18000"),
    # 11 x 3.00 + 30.00 = 63.00
    (VOLUME, "11: 6300 8000 18900", "12: 6600 8400 19800"),
    (GRADUATED, "0: 1000 1200 3000", "1: 1500 1800 4500", "4: 3000 3600 9000", "5: 3500 4200 10500"),
    # 35.00 + 1 x 4.00 + 20.00 = 59.00
    (GRADUATED, "6: 5900 7100 17700", "9: 7100 8600 21300", "10: 7500 9100 22500"),
    # 75.00 + 1 x 3.00 + 30.00 = 108.00, and Stripe's own figure for 12
    (GRADUATED, "11: 10800 13100 32400", "12: 11100 13500 33300"),
    (VOLUME_FREE, "0: 0 0 0", "1: 0 0 0", "999: 0 0 0", "1000: 0 0 0"),
    # 1001 x 0.4 = 400.4, 1001 x 0.5 = 500.5, 1001 x 1.1 = 1101.1
    (VOLUME_FREE, "1001: 400 501 1101", "2000: 800 1000 2200"),
    (GRADUATED_FREE, "0: 0 0 0", "1: 0 0 0", "999: 0 0 0", "1000: 0 0 0"),
    # 1 x 0.4 rounds to nothing, 1 x 0.5 to one yen, 1 x 1.1 to one fils
    (GRADUATED_FREE, "1001: 0 1 1", "1002: 1 1 2", "2000: 400 500 1100"),
    (VOLUME_FEES, "0: 2900 3500 8900", "1: 2900 3500 8900", "999: 2900 3500 8900", "1000: 2900 3500 8900"),
    (VOLUME_FEES, "1001: 7900 9500 24000", "5000: 7900 9500 24000", "5001: 5001 10002 15003"),
    (GRADUATED_FEES, "0: 2900 3500 8900", "1: 2900 3500 8900", "999: 2900 3500 8900", "1000: 2900 3500 8900"),
    # both fees from 1001 on, and each unit from 5001 on
    (GRADUATED_FEES, "1001: 10800 13000 32900", "5000: 10800 13000 32900", "5001: 10801 13002 32903"),
)


def table() -> Iterator["ParameterSet"]:
    """Every figure above, licensed and metered."""
    for model, *rows in BY_HAND:
        for row, usage_type in product(rows, USAGE_TYPES):
            quantity, figures = str(row).split(": ")
            for currency, figure in zip(CURRENCIES, figures.split(), strict=True):
                name = f"{model.name}, {usage_type}, {quantity} in {currency}"
                yield pytest.param(model, usage_type, currency, int(quantity), int(figure), id=name)


@pytest.mark.parametrize(("model", "usage_type", "currency", "quantity", "by_hand"), list(table()))
def test_the_portal_the_sandbox_and_the_hand_agree(
    model: Model, usage_type: str, currency: str, quantity: int, by_hand: int
) -> None:
    row = price_row(model.terms, "usd", usage_type)
    document = terms_in_words_of_the_sandbox(model.terms, "usd", usage_type)

    assert amount(terms_of(row, currency), quantity) == Money(by_hand, currency)
    assert at_sandbox.total(document, Decimal(quantity), currency) == by_hand


@pytest.mark.parametrize(
    ("used", "by_hand"),
    [("0.4", 0), ("0.5", 1), ("1000.1", 0), ("1001.25", 1), ("1003.75", 2)],
)
def test_usage_may_be_fractional(used: str, by_hand: int) -> None:
    terms = GRADUATED_FREE.terms["usd"] if Decimal(used) > 1 else Terms("usd", Decimal(1))
    document = terms_in_words_of_the_sandbox({"usd": terms}, "usd", "metered")
    assert amount(terms, Decimal(used)).minor == by_hand
    assert at_sandbox.total(document, Decimal(used), "usd") == by_hand


def test_twelve_decimals_are_kept_until_the_line_is_rounded() -> None:
    terms = Terms("usd", Decimal("0.000000000001"))
    assert amount(terms, 499_999_999_999).minor == 0
    assert amount(terms, 500_000_000_000).minor == 1


def test_a_negative_quantity_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        lines(Terms("usd", Decimal(1)), -1)


def told(line: Line) -> str:
    place = "" if line.tier is None else f" {line.tier}, units {line.first} to {line.last}"
    return f"{line.kind}{place}: {line.quantity} x {line.each} = {line.amount.minor}"


def test_graduated_lines_tell_which_units_are_charged_at_which_price() -> None:
    assert [told(line) for line in lines(GRADUATED.terms["usd"], 7)] == [
        "tier 0, units 1 to 5: 5 x 500 = 2500",
        "tier fee 0, units 1 to 5: 1 x 1000 = 1000",
        "tier 1, units 6 to 7: 2 x 400 = 800",
        "tier fee 1, units 6 to 7: 1 x 2000 = 2000",
    ]


def test_volume_lines_charge_all_units_at_the_tier_they_land_in() -> None:
    assert [told(line) for line in lines(VOLUME.terms["usd"], 7)] == [
        "tier 1, units 1 to 7: 7 x 400 = 2800",
        "tier fee 1, units 1 to 7: 1 x 2000 = 2000",
    ]


def test_a_tier_that_costs_nothing_still_has_its_line() -> None:
    assert [told(line) for line in lines(GRADUATED_FREE.terms["usd"], 1500)] == [
        "tier 0, units 1 to 1000: 1000 x 0 = 0",
        "tier 1, units 1001 to 1500: 500 x 0.4 = 200",
    ]


def test_package_lines_count_packages() -> None:
    assert [told(line) for line in lines(UP.terms["usd"], 101)] == ["packages: 2 x 1000 = 2000"]


def test_volume_tiers_warn_where_one_unit_more_is_cheaper_in_total() -> None:
    (cliff,) = cliffs(VOLUME_FEES.terms["usd"])
    assert (cliff.up_to, cliff.total_at.minor, cliff.total_after.minor) == (5000, 7900, 5001)
    assert cliffs(GRADUATED_FEES.terms["usd"]) == ()
    assert cliffs(VOLUME.terms["usd"]) == ()
