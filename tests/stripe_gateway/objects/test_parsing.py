"""Stripe's JSON into our copies: what may be null, missing or expanded, and what may not."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.objects import fields as object_fields
from billingportal.stripe_gateway.objects import parsing
from billingportal.stripe_gateway.objects.copies import InvoiceCopy, PriceCopy, ProductCopy, SubscriptionCopy
from tests.support.stripe import events

PRICE: JsonObject = {
    "id": "price_1",
    "object": "price",
    "product": "prod_1",
    "active": True,
    "currency": "eur",
    "type": "recurring",
    "billing_scheme": "per_unit",
    "unit_amount": 900,
    "unit_amount_decimal": "900",
    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed", "meter": None},
    "metadata": {},
    "created": events.NOON,
}
ITEM: JsonObject = {
    "id": "si_1",
    "object": "subscription_item",
    "price": PRICE,
    "quantity": 3,
    "current_period_start": events.NOON,
    "current_period_end": events.NOON + 86_400,
}
SUBSCRIPTION: JsonObject = {
    "id": "sub_1",
    "object": "subscription",
    "customer": "cus_1",
    "status": "active",
    "currency": "eur",
    "collection_method": "charge_automatically",
    "cancel_at_period_end": False,
    "start_date": events.NOON,
    "created": events.NOON,
    "metadata": {},
    "items": {"object": "list", "data": [ITEM], "has_more": False},
}
INVOICE: JsonObject = {
    "id": "in_1",
    "object": "invoice",
    "customer": "cus_1",
    "status": "draft",
    "collection_method": "charge_automatically",
    "currency": "eur",
    "subtotal": 900,
    "total": 900,
    "amount_due": 900,
    "amount_paid": 0,
    "amount_remaining": 900,
    "attempt_count": 0,
    "created": events.NOON,
}
METER: JsonObject = {
    "id": "mtr_1",
    "object": "billing.meter",
    "display_name": "Messages",
    "event_name": "messages",
    "status": "active",
    "default_aggregation": {"formula": "sum"},
    "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
    "value_settings": {"event_payload_key": "value"},
    "created": events.NOON,
}
PRODUCT: JsonObject = {"id": "prod_1", "object": "product", "name": "Chatbot", "active": True, "created": events.NOON}
OBJECTS = {str(one["object"]): one for one in (PRICE, SUBSCRIPTION, INVOICE, METER, PRODUCT, events.customer())}


def subscription(source: JsonObject) -> SubscriptionCopy:
    copy = parsing.copy_of(source)
    assert isinstance(copy, SubscriptionCopy)
    return copy


def price(source: JsonObject) -> PriceCopy:
    copy = parsing.copy_of(source)
    assert isinstance(copy, PriceCopy)
    return copy


def product(source: JsonObject) -> ProductCopy:
    copy = parsing.copy_of(source)
    assert isinstance(copy, ProductCopy)
    return copy


def invoice(source: JsonObject) -> InvoiceCopy:
    copy = parsing.copy_of(source)
    assert isinstance(copy, InvoiceCopy)
    return copy


def changed(source: JsonObject, **changes: Json) -> JsonObject:
    return {**source, **changes}


@pytest.mark.parametrize("name", OBJECTS)
def test_each_kind_is_read_without_anything_that_may_be_missing(name: str) -> None:
    copy = parsing.copy_of(OBJECTS[name])
    assert copy.created_at == datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", OBJECTS)
def test_each_kind_is_refused_without_what_it_must_have(name: str) -> None:
    for missing in ("id", "created"):
        with pytest.raises(UnreadableObject, match=missing):
            parsing.copy_of({key: value for key, value in OBJECTS[name].items() if key != missing})


def test_a_kind_that_is_not_kept_is_refused() -> None:
    with pytest.raises(UnreadableObject, match="payout"):
        parsing.copy_of({"object": "payout", "id": "po_1"})


def test_an_expanded_part_reads_as_its_id() -> None:
    expanded = changed(SUBSCRIPTION, customer=events.customer(), latest_invoice=INVOICE)
    copy = subscription(expanded)
    assert (copy.stripe_customer_id, copy.latest_stripe_invoice_id) == ("cus_1", "in_1")
    assert price(changed(PRICE, product=PRODUCT)).stripe_product_id == "prod_1"
    assert product(changed(PRODUCT, default_price=PRICE)).default_stripe_price_id == "price_1"


def test_an_invoice_knows_its_subscription_by_its_parent() -> None:
    parent: JsonObject = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
    assert invoice(changed(INVOICE, parent=parent)).stripe_subscription_id == "sub_1"
    assert invoice(changed(INVOICE, parent=None)).stripe_subscription_id is None
    other: JsonObject = {"type": "quote_details", "quote_details": {"quote": "qt_1"}, "subscription_details": None}
    assert invoice(changed(INVOICE, parent=other)).stripe_subscription_id is None


def test_periods_come_from_the_items_whatever_their_order() -> None:
    second = changed(ITEM, id="si_0", quantity=None, current_period_end=events.NOON + 172_800)
    copy = subscription(changed(SUBSCRIPTION, items={"data": [ITEM, second], "has_more": False}))
    assert [(item.stripe_subscription_item_id, item.quantity) for item in copy.items] == [("si_0", None), ("si_1", 3)]
    assert [item.period_ends_at.day for item in copy.items] == [24, 23]


def test_half_of_a_list_of_items_does_not_pass_for_the_whole() -> None:
    with pytest.raises(UnreadableObject, match="more than one page"):
        subscription(changed(SUBSCRIPTION, items={"data": [ITEM], "has_more": True}))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, None),
        ("900", Decimal(900)),
        ("0.000000000001", Decimal("0.000000000001")),
        ("1E+2", Decimal(100)),
        ("0.10", Decimal("0.1")),
    ],
)
def test_an_amount_is_read_exactly(written: str | None, read: Decimal | None) -> None:
    assert price(changed(PRICE, unit_amount_decimal=written)).unit_amount_decimal == read


@given(st.decimals(min_value=0, max_value=10**12, places=12))
def test_every_amount_of_twelve_decimals_is_kept_as_text_and_read_back(amount: Decimal) -> None:
    kept = object_fields.exact(str(amount))
    assert kept is not None
    assert "E" not in kept
    assert Decimal(kept) == amount
    assert object_fields.exact(kept) == kept


@pytest.mark.parametrize("amount", ["much", "NaN", "Infinity", True, []])
def test_what_is_no_amount_is_refused(amount: Json) -> None:
    with pytest.raises(UnreadableObject):
        price(changed(PRICE, unit_amount_decimal=amount))


def test_tiers_are_none_where_stripe_was_not_asked_for_them() -> None:
    plain = price(PRICE)
    assert (plain.tiers, plain.currency_options) == (None, {})


@pytest.mark.parametrize("value", ["12", 1.5, None, True])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(UnreadableObject, match="total is not a whole number"):
        invoice({**INVOICE, "total": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("moment", [10**18, -(10**18), "now", None])
def test_what_is_no_time_is_refused(moment: Json) -> None:
    with pytest.raises(UnreadableObject, match="created"):
        product(changed(PRODUCT, created=moment))


def test_an_event_is_read_with_the_object_as_it_came() -> None:
    message = events.event("customer.updated", events.customer(), previous={"name": "Old"})
    event = parsing.event(message)
    assert (event.object_id, event.object) == ("cus_1", events.customer())
    assert (event.previous_attributes, event.stripe_account_id) == ({"name": "Old"}, None)
    assert parsing.event(events.event("invoice.upcoming", {"object": "invoice"})).object_id is None
