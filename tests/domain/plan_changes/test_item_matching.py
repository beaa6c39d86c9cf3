"""Items of a subscription find what they become: by price, else by what they are for."""

from dataclasses import replace
from datetime import UTC, datetime

from billingportal.domain.offers.selection import ChosenItem
from billingportal.domain.plan_changes.item_matching import HeldItem, Use, after, changes, is_unclear
from billingportal.stripe_gateway.requests.subscriptions import ItemChange

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def held(name: str, price: str, quantity: int | None, use: Use | None) -> HeldItem:
    return HeldItem(name, price, quantity, use, START, END)


BASE = held("si_base", "price_small", 1, ("flat", None))
SEATS = held("si_seats", "price_seats", 5, ("quantity", 7))
USE = held("si_use", "price_use", None, ("usage", 8))
FOREIGN = held("si_foreign", "price_by_hand", 2, None)


def test_an_item_for_the_same_keeps_its_id() -> None:
    wanted = [ChosenItem("price_large", 1, "flat", None), ChosenItem("price_use_2", None, "usage", 8)]

    assert changes([BASE, USE], wanted) == [
        ItemChange("si_base", "price_large", 1),
        ItemChange("si_use", "price_use_2", None),
    ]


def test_what_stays_as_it_is_is_left_alone() -> None:
    wanted = [ChosenItem("price_small", 1, "flat", None), ChosenItem("price_seats", 9, "quantity", 7)]

    assert changes([BASE, SEATS], wanted) == [ItemChange("si_seats", "price_seats", 9)]


def test_what_is_new_is_added_and_what_is_gone_is_removed() -> None:
    wanted = [ChosenItem("price_small", 1, "flat", None), ChosenItem("price_use", None, "usage", 8)]

    assert changes([BASE, SEATS], wanted) == [
        ItemChange(None, "price_use", None),
        ItemChange("si_seats", "price_seats", None, is_removed=True),
    ]


def test_what_no_plan_sells_stays() -> None:
    wanted = [ChosenItem("price_large", 1, "flat", None)]

    assert changes([BASE, FOREIGN], wanted) == [ItemChange("si_base", "price_large", 1)]
    assert after([BASE, FOREIGN], wanted) == {"price_by_hand": 2, "price_large": 1}


def test_the_only_licensed_item_becomes_the_plan() -> None:
    wanted = [ChosenItem("price_large", 1, "flat", None)]

    assert changes([FOREIGN, USE], wanted) == [
        ItemChange("si_foreign", "price_large", 1),
        ItemChange("si_use", "price_use", None, is_removed=True),
    ]
    assert after([FOREIGN, USE], wanted) == {"price_large": 1}


def test_of_several_unknown_items_nothing_tells_which_is_the_plans() -> None:
    other = held("si_other", "price_other", 1, None)

    assert is_unclear([FOREIGN, other, USE])
    assert not is_unclear([FOREIGN, other, BASE])
    assert not is_unclear([FOREIGN, replace(other, is_of_a_plan=True)])
    assert not is_unclear([FOREIGN, USE])
