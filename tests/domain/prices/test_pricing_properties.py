"""What holds for amounts whatever the price and the quantity."""

from dataclasses import fields, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billingportal.domain.prices.pricing import Line, Package, Terms, Tier, amount, lines, total
from billingportal.domain.prices.terms import terms_of
from billingportal.money import round_minor
from billingportal.sandbox import amounts as at_sandbox
from tests.support.catalog.terms import price_row, terms_in_words_of_the_sandbox

currencies = st.sampled_from(["usd", "jpy", "kwd", "isk"])
unit_amounts = st.decimals(min_value=0, max_value=100_000, places=12)
flat_amounts = st.integers(0, 1_000_000).map(Decimal)
whole_quantities = st.integers(0, 5_000)
quantities = whole_quantities | st.decimals(min_value=0, max_value=5_000, places=4)
modes = st.sampled_from(["volume", "graduated"])
packages = st.builds(Package, st.integers(1, 500), st.sampled_from(["up", "down"]))


@st.composite
def tiers(draw: st.DrawFn, most: int = 6) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(st.integers(1, 4_000), max_size=most - 1)))
    return tuple(Tier(end, draw(unit_amounts), draw(flat_amounts)) for end in [*ends, None])


per_unit = st.builds(Terms, currencies, unit_amounts)
per_package = st.builds(Terms, currencies, unit_amounts, packages)
tiered = st.builds(Terms, currencies, tiers=tiers(), tiers_mode=modes)
volume = st.builds(Terms, currencies, tiers=tiers(), tiers_mode=st.just("volume"))
graduated = st.builds(Terms, currencies, tiers=tiers(), tiers_mode=st.just("graduated"))
prices = per_unit | per_package | tiered


@given(prices, quantities, st.sampled_from(["licensed", "metered"]))
def test_the_portal_and_the_sandbox_agree_to_the_minor_unit(
    terms: Terms, quantity: int | Decimal, usage_type: str
) -> None:
    stored = terms_of(price_row({terms.currency: terms}, terms.currency, usage_type))
    document = terms_in_words_of_the_sandbox({terms.currency: terms}, terms.currency, usage_type)
    assert amount(stored, quantity).minor == at_sandbox.total(document, Decimal(quantity), terms.currency)


@given(prices)
def test_storing_and_reading_a_price_keeps_its_terms(terms: Terms) -> None:
    assert terms_of(price_row({terms.currency: terms}, terms.currency)) == terms


@given(graduated, whole_quantities, whole_quantities)
def test_graduated_amounts_never_fall_as_the_quantity_grows(terms: Terms, one: int, other: int) -> None:
    assert amount(terms, min(one, other)) <= amount(terms, max(one, other))


@given(volume, whole_quantities)
def test_volume_equals_the_tier_that_the_quantity_lands_in(terms: Terms, quantity: int) -> None:
    landing = next(tier for tier in terms.tiers if tier.up_to is None or quantity <= tier.up_to)
    expected = round_minor(landing.unit_amount * quantity) + round_minor(landing.flat_amount)
    assert amount(terms, quantity).minor == expected


@given(per_package, st.integers(0, 20), st.data())
def test_a_package_costs_the_same_wherever_inside_it_the_quantity_lies(
    terms: Terms, count: int, data: st.DataObject
) -> None:
    assert terms.package is not None
    size, rounding = terms.package.size, terms.package.rounding
    first = count * size + (1 if rounding == "up" else 0)
    inside = data.draw(st.integers(first, first + size - 1))
    assert amount(terms, inside) == amount(terms, first)


@given(per_package, quantities)
def test_packages_round_to_a_neighbour_of_the_exact_share(terms: Terms, quantity: int | Decimal) -> None:
    assert terms.package is not None
    (line,) = lines(terms, quantity)
    share = Fraction(quantity) / terms.package.size
    rounding = ROUND_CEILING if terms.package.rounding == "up" else ROUND_FLOOR
    assert line.quantity == line.quantity.to_integral_value(rounding)
    assert abs(Fraction(line.quantity) - share) < 1


whole_unit_amounts = st.integers(0, 100_000).map(Decimal)


@given(currencies, whole_unit_amounts, flat_amounts, modes, st.integers(2, 4_000), st.data(), whole_quantities)
def test_splitting_a_tier_at_the_same_amounts_changes_nothing(
    currency: str, unit: Decimal, flat: Decimal, mode: str, end: int, data: st.DataObject, quantity: int
) -> None:
    """Flat amounts belong to one of the two halves in graduated mode, as each is charged when its tier is reached."""
    at = data.draw(st.integers(1, end - 1))
    last = Tier(None, unit, Decimal(0))
    whole = Terms(
        currency, tiers=(Tier(end, unit, flat), last), tiers_mode="volume" if mode == "volume" else "graduated"
    )
    second = Tier(end, unit, flat if mode == "volume" else Decimal(0))
    split = replace(whole, tiers=(Tier(at, unit, flat), second, last))
    assert amount(split, quantity) == amount(whole, quantity)


@given(prices, quantities)
def test_the_total_is_the_sum_of_the_lines_and_there_is_always_a_line(terms: Terms, quantity: int | Decimal) -> None:
    found = lines(terms, quantity)
    assert found
    assert total(found, terms.currency).minor == sum(line.amount.minor for line in found)


@given(tiered, whole_quantities)
def test_the_lines_of_tiers_charge_every_unit_once(terms: Terms, quantity: int) -> None:
    """Lines of fees alone have no units of their own, so the tiers get a unit amount each."""
    priced = tuple(replace(tier, unit_amount=tier.unit_amount + 1) for tier in terms.tiers)
    found = lines(replace(terms, tiers=priced), quantity)
    assert sum(line.quantity for line in found if line.kind == "tier") == quantity


@given(prices, quantities)
def test_no_float_is_anywhere(terms: Terms, quantity: int | Decimal) -> None:
    for line in lines(terms, quantity):
        assert not any(isinstance(getattr(line, field.name), float) for field in fields(Line))
        assert isinstance(line.amount.minor, int)
