"""The estimate: one part for each price, a sum for each period, and the curve of totals."""

from decimal import Decimal

import pytest

from billingportal.domain.offers.calculator import curve, estimate
from billingportal.domain.offers.offers import OfferedPrice
from billingportal.models import Price, Resource
from billingportal.models.plans.plan_price import PriceRole
from billingportal.money import Money
from billingportal.plain_json import Json

CONTACTS = Resource(id=1, key="contacts", name="Contacts", unit="contacts", kind="gauge")
CHANNELS = Resource(id=2, key="channels", name="Channels", unit="channels", kind="gauge")
TIERS: list[Json] = [
    {"up_to": 5, "unit_amount_decimal": "500", "flat_amount_decimal": "1000"},
    {"up_to": 10, "unit_amount_decimal": "400", "flat_amount_decimal": "2000"},
    {"up_to": None, "unit_amount_decimal": "100", "flat_amount_decimal": "0"},
]


def offered(role: PriceRole, resource: Resource | None = None, **given: object) -> OfferedPrice:
    values: dict[str, object] = {
        "currency": "usd",
        "billing_scheme": "per_unit",
        "unit_amount_decimal": Decimal(2900),
        "interval": "month",
        "interval_count": 1,
        "usage_type": "metered" if role == "usage" else "licensed",
        "currency_options": {"eur": {"unit_amount_decimal": "2700"}},
    }
    return OfferedPrice(Price(**{**values, **given}), role, resource)


def tiered(mode: str) -> OfferedPrice:
    return offered("quantity", CONTACTS, billing_scheme="tiered", tiers_mode=mode, tiers=TIERS)


def test_a_flat_price_is_bought_once_and_others_by_number() -> None:
    seats = offered("quantity", CHANNELS, unit_amount_decimal=Decimal("0.5"))
    found = estimate([offered("flat"), seats], {1: 99, 2: 3}, "usd")

    assert [(part.quantity, part.amount.minor) for part in found.parts] == [(1, 2900), (3, 2)]
    assert found.sums == ((("month", 1), Money(2902, "usd")),)


@pytest.mark.parametrize(("mode", "minor"), [("volume", 4400), ("graduated", 5900)])
def test_tiers_are_charged_by_their_mode(mode: str, minor: int) -> None:
    assert estimate([tiered(mode)], {1: 6}, "usd").sums == ((("month", 1), Money(minor, "usd")),)


def test_every_period_has_its_own_sum() -> None:
    found = estimate([offered("flat", interval="year"), offered("usage", CONTACTS)], {1: 2}, "usd")

    assert found.sums == ((("year", 1), Money(2900, "usd")), (("month", 1), Money(5800, "usd")))


def test_another_currency_uses_its_own_amounts() -> None:
    assert estimate([offered("flat")], {}, "eur").sums == ((("month", 1), Money(2700, "eur")),)


def test_the_curve_shows_both_sides_of_every_tier() -> None:
    found = curve([offered("flat"), tiered("volume")], 1, 6, "usd")
    points = dict(found.points)

    assert {0, 5, 6, 10, 11} <= points.keys()
    assert (points[10].minor, points[11].minor) == (6000, 1100)
    assert found.most == 12
    assert found.highest == 6000


def test_the_curve_of_a_price_without_tiers_reaches_twice_the_number() -> None:
    found = curve([offered("quantity", CONTACTS)], 1, 700, "usd")

    assert found.most == 1400
    assert len(found.points) <= 62
