"""Amounts against Stripe's worked examples and against arithmetic done another way."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.sandbox.amounts import charges, total
from billingportal.sandbox.http.wire import Document

# The example of Stripe's page on pricing models, in cents.
EXAMPLE = [(5, 500, 1000), (10, 400, 2000), (15, 300, 3000), (20, 200, 4000), (None, 100, 5000)]


def tier(up_to: int | None, unit: object, flat: object = 0) -> Document:
    return {"up_to": up_to, "unit_amount_decimal": str(unit), "flat_amount_decimal": str(flat)}


def tiered(mode: str, tiers: list[Document]) -> Document:
    return {"billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers, "currency": "usd"}


def per_unit(unit: object, package: Document | None = None) -> Document:
    return {
        "billing_scheme": "per_unit",
        "unit_amount_decimal": str(unit),
        "transform_quantity": package,
        "currency": "usd",
    }


@pytest.mark.parametrize(
    ("quantity", "volume", "graduated"),
    [(0, 1000, 1000), (5, 3500, 3500), (6, 4400, 5900), (12, 6600, 11100), (20, 8000, 17000), (21, 7100, 22100)],
)
def test_the_worked_example_of_tiers(quantity: int, volume: int, graduated: int) -> None:
    tiers = [tier(*row) for row in EXAMPLE]
    assert total(tiered("volume", tiers), Decimal(quantity), "usd") == volume
    assert total(tiered("graduated", tiers), Decimal(quantity), "usd") == graduated


def test_graduated_prices_have_a_line_for_each_tier_reached_and_its_flat_part() -> None:
    lines = charges(tiered("graduated", [tier(5, 500, 1000), tier(None, 400)]), Decimal(7), "usd")
    assert [(int(line.quantity), line.amount) for line in lines] == [(5, 2500), (0, 1000), (2, 800)]


def test_an_inclusive_boundary_does_not_reach_the_next_tier() -> None:
    lines = charges(tiered("graduated", [tier(5, 500), tier(None, 400, 100)]), Decimal(5), "usd")
    assert [line.amount for line in lines] == [2500]


@pytest.mark.parametrize(
    ("quantity", "rounding", "amount"),
    [(0, "up", 0), (1, "up", 1000), (100, "up", 1000), (101, "up", 2000), (99, "down", 0), (199, "down", 1000)],
)
def test_packages_round_the_quantity(quantity: int, rounding: str, amount: int) -> None:
    price = per_unit(1000, {"divide_by": 100, "round": rounding})
    assert total(price, Decimal(quantity), "usd") == amount


@pytest.mark.parametrize(("unit", "quantity", "amount"), [("0.5", 1, 1), ("0.5", 3, 2), ("0.499999999999", 1, 0)])
def test_fractions_of_a_cent_are_rounded_half_up_once_for_a_line(unit: str, quantity: int, amount: int) -> None:
    assert total(per_unit(unit), Decimal(quantity), "usd") == amount


def test_another_currency_has_its_own_amounts() -> None:
    price = {**per_unit(1000), "currency_options": {"jpy": {"unit_amount_decimal": "150"}}}
    assert total(price, Decimal(2), "jpy") == 300


units = st.decimals(min_value=0, max_value=10_000, places=12)
quantities = st.integers(min_value=0, max_value=100_000)


def half_up(exact: Fraction) -> int:
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


@given(units, quantities)
def test_per_unit_amounts_equal_exact_fractions_rounded(unit: Decimal, quantity: int) -> None:
    assert total(per_unit(format(unit, "f")), Decimal(quantity), "usd") == half_up(Fraction(unit) * quantity)


@given(st.integers(0, 10_000), quantities, st.integers(1, 500))
def test_packages_up_and_down_differ_by_one_package_at_most(unit: int, quantity: int, size: int) -> None:
    down = total(per_unit(unit, {"divide_by": size, "round": "down"}), Decimal(quantity), "usd")
    up = total(per_unit(unit, {"divide_by": size, "round": "up"}), Decimal(quantity), "usd")
    assert up - down == (unit if quantity % size else 0)
    assert down == unit * (quantity // size)


@st.composite
def tier_lists(draw: st.DrawFn) -> list[tuple[int | None, int, int]]:
    tops = sorted(draw(st.sets(st.integers(1, 1000), max_size=6)))
    amounts = st.integers(0, 1000)
    return [(top, draw(amounts), draw(amounts)) for top in [*tops, None]]


@given(tier_lists(), st.integers(0, 1500))
def test_graduated_totals_equal_the_price_of_each_single_unit(
    rows: list[tuple[int | None, int, int]], quantity: int
) -> None:
    def row_of(unit_number: int) -> int:
        return next(position for position, row in enumerate(rows) if row[0] is None or unit_number <= row[0])

    reached = max(row_of(quantity), 0) if quantity else 0
    units_sum = sum(rows[row_of(number)][1] for number in range(1, quantity + 1))
    flats = sum(row[2] for row in rows[: reached + 1])
    assert total(tiered("graduated", [tier(*row) for row in rows]), Decimal(quantity), "usd") == units_sum + flats


@given(tier_lists(), st.integers(0, 1500))
def test_volume_totals_take_one_tier_for_all_units(rows: list[tuple[int | None, int, int]], quantity: int) -> None:
    _, unit, flat = next(row for row in rows if row[0] is None or quantity <= row[0])
    assert total(tiered("volume", [tier(*row) for row in rows]), Decimal(quantity), "usd") == unit * quantity + flat


@given(st.lists(units, min_size=1, max_size=5), st.integers(1, 50))
def test_each_line_is_rounded_by_itself(amounts: list[Decimal], step: int) -> None:
    rows = [tier(step * (position + 1), format(unit, "f")) for position, unit in enumerate(amounts[:-1])]
    price = tiered("graduated", [*rows, tier(None, format(amounts[-1], "f"))])
    expected = sum(int((unit * step).quantize(Decimal(1), ROUND_HALF_UP)) for unit in amounts)
    assert total(price, Decimal(step * len(amounts)), "usd") == expected
