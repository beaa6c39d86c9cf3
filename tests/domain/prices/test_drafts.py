"""The answers to the form of a new price: what becomes of them, and what Stripe would refuse."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.prices.amount_input import TypedTier
from billingportal.domain.prices.drafts import Answers, NewMeter, NewProduct, read_draft
from billingportal.domain.prices.pricing import Package, Terms, Tier
from billingportal.plain_json import JsonObject

FLAT = Answers(name="Growth", currency="usd", amount="29.00")
ROWS = (TypedTier("1,000", "", "10"), TypedTier("", "0.005", ""))
TIERED = replace(FLAT, model="volume", amount="", tiers=ROWS)
METERED = replace(FLAT, usage="metered", meter_name="Messages sent", event_name="messages_sent")


def mistakes(answers: Answers) -> JsonObject:
    with pytest.raises(FormErrors) as caught:
        read_draft(answers)
    return {refusal.field: refusal.message for refusal in caught.value.refusals}


def changed_row(place: int, **cells: str) -> Answers:
    rows = list(ROWS)
    rows[place] = replace(rows[place], **cells)
    return replace(TIERED, tiers=tuple(rows))


def test_a_flat_price() -> None:
    draft = read_draft(replace(FLAT, name="  Growth  plan ", description=" All you need "))
    assert draft.product == NewProduct("Growth plan", "All you need")
    assert draft.terms == Terms("usd", Decimal(2900))
    assert (draft.usage, draft.meter, draft.lookup_key) == ("licensed", None, None)
    assert (draft.interval, draft.interval_count) == ("month", 1)


def test_a_free_price_and_one_of_a_fraction_of_a_cent() -> None:
    assert read_draft(replace(FLAT, amount="0")).terms.unit_amount == 0
    assert read_draft(replace(FLAT, amount=".004")).terms.unit_amount == Decimal("0.4")


def test_a_package_price() -> None:
    draft = read_draft(replace(FLAT, model="package", package_size="1 000", package_rounding="down"))
    assert draft.terms == Terms("usd", Decimal(2900), Package(1000, "down"))


@pytest.mark.parametrize("model", ["volume", "graduated"])
def test_tiers(model: str) -> None:
    terms = read_draft(replace(TIERED, model=model)).terms
    assert terms.tiers_mode == model
    assert terms.tiers == (Tier(1000, flat_amount=Decimal(1000)), Tier(None, Decimal("0.5")))


def test_amounts_in_yen_and_dinars() -> None:
    assert read_draft(replace(FLAT, currency="jpy", amount="4300")).terms.unit_amount == 4300
    assert read_draft(replace(FLAT, currency="KWD", amount="5.120")).terms.unit_amount == 5120


def test_usage_of_a_new_meter_and_of_one_that_is_there() -> None:
    assert read_draft(METERED).meter == NewMeter("Messages sent", "messages_sent", "sum")
    assert read_draft(replace(METERED, meter="mtr_1", meter_name="", event_name="")).meter == "mtr_1"


def test_what_is_not_asked_for_is_not_read() -> None:
    draft = read_draft(replace(FLAT, tiers=(TypedTier("x"),), package_size="x", event_name="?", meter_name="Unused"))
    assert draft.terms == Terms("usd", Decimal(2900))
    assert draft.meter is None


def test_a_lookup_key_is_moved_only_where_there_is_one() -> None:
    assert read_draft(replace(FLAT, lookup_key=" growth ", moves_lookup_key=True)).moves_lookup_key
    assert not read_draft(replace(FLAT, moves_lookup_key=True)).moves_lookup_key


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        (replace(FLAT, name=" "), "name", "Give the product a name."),
        (replace(FLAT, name="x" * 251), "name", "Use at most 250 characters; these are 251."),
        (replace(FLAT, amount=""), "amount", "Type an amount, for example 29.00."),
        (replace(FLAT, amount="29,00"), "amount", "Use a point before the decimals"),
        (replace(FLAT, amount="$29"), "amount", "Type the amount in digits only"),
        (replace(FLAT, amount="-1"), "amount", "Type the amount in digits only"),
        (replace(FLAT, amount="1e3"), "amount", "Type the amount in digits only"),
        (replace(FLAT, amount="٣"), "amount", "Type the amount in digits only"),
        (replace(FLAT, amount="0.000000000000001"), "amount", "Stripe keeps 12 decimals of the smallest coin."),
        (replace(FLAT, amount="10000000000"), "amount", "This is more than Stripe takes for one amount."),
        (replace(FLAT, currency="xyz"), "currency", "Choose a currency that Stripe takes."),
        (replace(FLAT, usage="sometimes"), "usage", "Choose one of these."),
        (replace(FLAT, model="auction"), "model", "Choose one of these."),
        (replace(FLAT, tax_behavior="none"), "tax_behavior", "Choose one of these."),
        (replace(FLAT, interval_count="0"), "interval_count", "Type a whole number, for example 1."),
        (replace(FLAT, interval_count="37"), "interval_count", "three years at most, which is 36 here."),
        (replace(FLAT, interval="year", interval_count="4"), "interval_count", "three years at most, which is 3 here."),
        (replace(FLAT, interval="decade"), "interval", "Choose one of these."),
        (replace(FLAT, model="package", package_size="some"), "package_size", "How many are in a package?"),
        (replace(TIERED, tiers=()), "tiers", "Add at least one tier."),
        (changed_row(1, up_to="5000"), "tiers-1-up_to", "Leave the end of the last tier empty"),
        (changed_row(0, up_to=""), "tiers-0-up_to", "Type where this tier ends"),
        (changed_row(1, unit_amount=""), "tiers-1-unit_amount", "Type a price for each, a flat fee, or both."),
        (changed_row(0, flat_amount="0.001"), "tiers-0-flat_amount", "in USD cannot have that many decimals."),
        (replace(changed_row(0, flat_amount="5.123"), currency="kwd"), "tiers-0-flat_amount", "decimal must be 0."),
        (replace(changed_row(0, flat_amount="5.5"), currency="isk"), "tiers-0-flat_amount", "whole ISK only."),
        (replace(METERED, meter_name=""), "meter_name", "Give the meter a name"),
        (replace(METERED, event_name="messages sent"), "event_name", "Use letters, digits, points, hyphens"),
        (replace(METERED, aggregation="guess"), "aggregation", "Choose one of these."),
        (replace(FLAT, lookup_key="price_growth"), "lookup_key", "would be mistaken for one."),
        (replace(FLAT, lookup_key="x" * 201), "lookup_key", "Use at most 200 characters."),
    ],
)
def test_what_stripe_would_refuse_is_said_at_its_field(answers: Answers, field: str, words: str) -> None:
    found = mistakes(answers)
    assert list(found) == [field]
    assert words in str(found[field])


def test_tiers_have_to_rise() -> None:
    rows = (TypedTier("1000", "1"), TypedTier("1000", "1"), TypedTier("", "1"))
    found = mistakes(replace(TIERED, tiers=rows))
    assert found == {"tiers-1-up_to": "Each tier ends higher than the one before, so after 1,000."}


def test_every_cell_of_the_table_has_its_own_mistake() -> None:
    rows = (TypedTier("x", "y", "z"), TypedTier("10", "", ""), TypedTier("5", "1"), TypedTier("9", "1,5"))
    assert mistakes(replace(TIERED, tiers=rows)).keys() == {
        "tiers-0-up_to",
        "tiers-0-unit_amount",
        "tiers-0-flat_amount",
        "tiers-1-unit_amount",
        "tiers-2-up_to",
        "tiers-3-up_to",
        "tiers-3-unit_amount",
    }


def test_all_mistakes_are_found_at_once() -> None:
    answers = replace(METERED, name="", amount="", interval_count="x", meter_name="", event_name="?")
    assert mistakes(answers).keys() == {"name", "amount", "interval_count", "meter_name", "event_name"}
