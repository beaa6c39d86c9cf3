"""What coupons take off, in exact minor units."""

from hypothesis import given
from hypothesis import strategies as st

from billingportal.sandbox.billing.invoicing.discounts import Off, Part, spread, taken_off


def percent(text: str, *products: str, item: str | None = None) -> Off:
    return Off({"_percent_off": text, "amount_off": None, "applies_to": {"products": list(products)}}, item)


def amount(minor: int, currency: str = "usd", *products: str) -> Off:
    options = {"jpy": {"amount_off": 70}}
    coupon = {
        "_percent_off": None,
        "amount_off": minor,
        "currency": currency,
        "currency_options": options,
        "applies_to": {"products": list(products)},
    }
    return Off(coupon)


def test_a_percentage_is_rounded_half_up_on_each_line() -> None:
    parts = [Part(1005, "a"), Part(1, "a"), Part(0, "a"), Part(-400, "a")]
    assert taken_off(parts, [percent("50")], "usd") == [[503, 1, 0, 0]]
    assert taken_off(parts, [percent("33.33")], "usd") == [[335, 0, 0, 0]]


def test_an_amount_is_spread_to_the_last_unit() -> None:
    parts = [Part(1000, "a"), Part(1000, "a"), Part(1000, "a")]
    assert taken_off(parts, [amount(1000)], "usd") == [[334, 333, 333]]
    assert taken_off(parts, [amount(9999)], "usd") == [[1000, 1000, 1000]]


def test_other_products_and_currencies_are_left_alone() -> None:
    parts = [Part(1000, "a"), Part(1000, "b"), Part(1000, "a", discountable=False)]
    assert taken_off(parts, [percent("10", "b")], "usd") == [[0, 100, 0]]
    assert taken_off(parts, [amount(500)], "jpy") == [[35, 35, 0]]
    assert taken_off(parts, [amount(500)], "eur") == [[0, 0, 0]]


def test_the_second_coupon_takes_from_what_the_first_has_left() -> None:
    assert taken_off([Part(1000, "a")], [percent("50"), percent("50"), amount(400)], "usd") == [[500], [250], [250]]


def test_an_items_discount_is_for_its_lines_alone() -> None:
    parts = [Part(1000, "a", item="si_1"), Part(1000, "a", item="si_2")]
    assert taken_off(parts, [percent("50", item="si_1"), percent("10")], "usd") == [[500, 0], [50, 100]]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=8))
def test_no_unit_is_lost_or_made_in_spreading(amount: int, bases: list[int]) -> None:
    shares = spread(amount, bases)
    assert sum(shares) == min(amount, sum(bases))
    assert all(0 <= share <= base for share, base in zip(shares, bases, strict=True))
