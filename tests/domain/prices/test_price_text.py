"""Prices in words: what a client reads."""

from decimal import Decimal
from typing import Literal

import pytest

from billingportal.domain.prices.price_text import each_of, period_words, price_words, range_words
from billingportal.domain.prices.pricing import Package, Terms, Tier

FLAT = Terms("usd", Decimal(2900))
CENTS = Terms("usd", Decimal("0.4"))
BUNDLES = Terms("usd", Decimal(1000), Package(1000, "up"))
TIERS = (Tier(1000, flat_amount=Decimal(1000)), Tier(5000, Decimal(1)), Tier(None, Decimal("0.5"), Decimal(500)))
FREE_FIRST = (Tier(5000), Tier(None, Decimal("0.4")))


def in_tiers(mode: Literal["volume", "graduated"], tiers: tuple[Tier, ...] = TIERS) -> Terms:
    return Terms("usd", tiers=tiers, tiers_mode=mode)


@pytest.mark.parametrize(
    ("interval", "count", "words"),
    [
        ("month", 1, "a month"),
        ("year", None, "a year"),
        ("month", 3, "every 3 months"),
        ("day", 10, "every 10 days"),
        (None, None, "once"),
    ],
)
def test_periods(interval: str | None, count: int | None, words: str) -> None:
    assert period_words(interval, count) == words


def test_a_flat_price_for_the_plan_itself() -> None:
    assert price_words(FLAT, "a month") == "US$29.00 a month"


def test_a_price_for_each_of_something() -> None:
    assert price_words(CENTS, "a month", "contacts") == "US$0.004 a month for each contact"
    assert price_words(CENTS, "every 3 months", "contacts") == "US$0.004 every 3 months for each contact"


def test_a_metered_price_says_that_use_is_charged() -> None:
    assert price_words(CENTS, "a month", "messages", is_metered=True) == "US$0.004 a month for each message, by use"
    assert price_words(CENTS, "a month", is_metered=True) == "US$0.004 a month for each unit, by use"


def test_packages_say_whether_a_part_of_one_counts() -> None:
    assert price_words(BUNDLES, "a month", "contacts") == "US$10.00 a month for every 1,000 contacts or part of them"
    down = Terms("usd", Decimal(1000), Package(1000, "down"))
    assert price_words(down, "a month", "contacts") == "US$10.00 a month for every full 1,000 contacts"


def test_volume_and_graduated_can_be_told_apart() -> None:
    volume = price_words(in_tiers("volume"), "a month", "contacts")
    graduated = price_words(in_tiers("graduated"), "a month", "contacts")

    assert volume == (
        "from US$10.00 a month, by number of contacts: 1 to 1,000 US$10.00, or 1,001 to 5,000 US$0.01 each, "
        "or from 5,001 US$0.005 each plus US$5.00. One tier prices all contacts: the one that their whole number "
        "falls into."
    )
    assert graduated == (
        "from US$10.00 a month, by number of contacts: 1 to 1,000 US$10.00, then 1,001 to 5,000 US$0.01 each, "
        "then from 5,001 US$0.005 each plus US$5.00. Each tier prices only the contacts inside it; the tiers before "
        "it are charged too."
    )


def test_a_tier_that_costs_nothing_is_included() -> None:
    words = price_words(in_tiers("graduated", FREE_FIRST), "a month", "messages", is_metered=True)
    assert words.startswith(
        "from US$0.00 a month, by use of messages: 1 to 5,000 included, then from 5,001 US$0.004 each."
    )


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ("contacts", "each contact"),
        ("workspaces", "each workspace"),
        ("AI replies", "each AI reply"),
        ("people", "each person"),
        ("inboxes", "each inbox"),
        ("branches", "each branch"),
        ("addresses", "each address"),
        ("staff", "each of the staff"),
        ("GB", "each of the GB"),
        ("access", "each of the access"),
    ],
)
def test_one_of_something(units: str, words: str) -> None:
    assert each_of(units) == words


@pytest.mark.parametrize(("first", "last", "words"), [(1, 1000, "1 to 1,000"), (5001, None, "from 5,001"), (1, 1, "1")])
def test_ranges(first: int, last: int | None, words: str) -> None:
    assert range_words(first, last) == words
