"""Webhook messages that Stripe would never send, truly signed: refused with words or stored as failed, never a 500.

Stripe sends the same event again for days after any answer but 200, so 5xx is for what will be better later.
"""

import json
from collections.abc import Iterator
from copy import deepcopy

import pytest
from sqlalchemy.orm import Session

from billingportal.plain_json import Json, JsonObject
from tests.support.pages import Visitor, text_of
from tests.support.stripe import events
from tests.web.sync.test_webhooks import Door, add_account

GOOD = events.as_body(events.event("customer.created", events.customer("NAME")))
BIG = 200_000
LEVELS = 100_000
UNREADABLE = {
    "lists in lists": b"[" * BIG,
    "objects in objects": b'{"a":' * BIG,
    "closed lists": b"[" * BIG + b"]" * BIG,
    "65 levels in the object": GOOD.replace(b'"NAME"', b"[" * 65 + b"]" * 65),
    "500 levels in the object": GOOD.replace(b'"NAME"', b"[" * 500 + b"]" * 500),
    "100,000 levels in the object": GOOD.replace(b'"NAME"', b"[" * LEVELS + b"]" * LEVELS),
    "half a surrogate pair": GOOD.replace(b"NAME", rb"a\ud800b"),
    "two halves in the wrong order": GOOD.replace(b"NAME", rb"\udc00\ud800"),
    "half a pair in a name": GOOD.replace(b'"metadata": {}', rb'"metadata": {"\ude00": "x"}'),
    "NaN": GOOD.replace(b'"NAME"', b"NaN"),
    "infinity": GOOD.replace(b'"NAME"', b"-Infinity"),
    "a number beyond all others": GOOD.replace(b'"NAME"', b"1e400"),
    "an exponent that fills the memory": GOOD.replace(b'"NAME"', b"1e99999999999"),
    "an exponent of a thousand digits": GOOD.replace(b'"NAME"', b"1e" + b"9" * 1000),
    "100,000 digits": GOOD.replace(b'"NAME"', b"9" * 100_000),
    "a name twice": GOOD.replace(b'"NAME"', b'{"a": 1, "a": 2}'),
    "two ids": GOOD.replace(b'"id": "evt_', b'"id": "evt_1", "id": "evt_', 1),
    "UTF-16": GOOD.decode().encode("utf-16-le"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + GOOD,
    "a control character in a text": GOOD.replace(b"NAME", b"a\0b"),
    "text after the end": GOOD + b"{}",
    "a text": b'"event"',
    "a number": b"1",
    "true": b"true",
    "a list of events": b"[" + GOOD + b"]",
}
# At every place of an event that is read, one after the other.
WRONG: dict[str, Json] = {
    "null": None,
    "a list": [],
    "a list of lists": [[[]]],
    "an object": {},
    "a list of texts": ["a"],
    "an object of texts": {"id": "a", "data": "b", "has_more": "c"},
    "true": True,
    "a number": -1,
    "a large number": 10**30,
    "a text": "1e999999",
    "NUL": "a\0b",
    "half a pair": "a\ud800b",
    "NUL inside": {"a\0": ["\0"], "data": [{"id": "\0"}]},
    "half a pair inside": {"\udfff": {"b": "\udfff"}},
    "a long text": "".join(chr(33 + place * place % 90) + chr(0x4E00 + place * 7919 % 20000) for place in range(4000)),
}
PERIOD: JsonObject = {"current_period_start": events.NOON, "current_period_end": events.NOON + 9}
OBJECTS: dict[str, JsonObject] = {
    "customer.updated": events.customer(address={"city": "Łódź"}, metadata={"a": "b"}, test_clock=None),
    "customer.subscription.updated": {
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "currency": "eur",
        "collection_method": "charge_automatically", "cancel_at": None, "start_date": events.NOON,
        "latest_invoice": "in_1", "pending_update": {"expires_at": events.NOON}, "metadata": {}, "trial_end": None,
        "cancellation_details": {"reason": None}, "created": events.NOON,
        "items": {"data": [{"id": "si_1", "quantity": 1, "price": {"id": "price_1", "product": "prod_1"}, **PERIOD}]},
    },
    "invoice.paid": {
        "id": "in_1", "object": "invoice", "customer": "cus_1", "status": "paid", "currency": "eur", "number": "A-1",
        "collection_method": "charge_automatically", "subtotal": 1, "total": 1, "amount_due": 1, "amount_paid": 1,
        "amount_remaining": 0, "attempt_count": 1, "metadata": {}, "created": events.NOON,
        "parent": {"subscription_details": {"subscription": "sub_1"}}, "status_transitions": {"paid_at": events.NOON},
        "lines": {"data": [{"amount": 1, "quantity": 1, "pricing": {"price_details": {"price": "price_1"}}}]},
    },
    "payment_method.attached": {
        "id": "pm_1", "object": "payment_method", "customer": "cus_1", "type": "card", "created": events.NOON,
        "card": {"brand": "visa", "last4": "4242", "exp_month": 1, "exp_year": 2030},
    },
    "subscription_schedule.updated": {
        "id": "sub_sched_1", "object": "subscription_schedule", "customer": "cus_1", "subscription": "sub_1",
        "status": "active", "end_behavior": "release", "metadata": {}, "created": events.NOON,
        "phases": [{"start_date": events.NOON, "end_date": events.NOON + 9, "items": [{"price": "p", "quantity": 1}]}],
    },
}  # fmt: skip

UNSTORABLE = "UnreadableObject: What Stripe sent is not as expected: name has a character that cannot be stored."


@pytest.fixture
def door(client: Visitor, session: Session) -> Door:
    client.application.testing = False
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    add_account()
    return Door(client, session)


def broken(whole: Json, value: Json) -> Iterator[Json]:
    """The document with the value at one place, for each of its places."""
    places: list[int] | list[str] = list(whole) if isinstance(whole, dict) else []
    if isinstance(whole, list):
        places = list(range(len(whole)))
    for place in places:
        part = whole[place]  # type: ignore[index]  # the places are of this document
        for changed in (value, *broken(part, value)):
            copied = deepcopy(whole)
            copied[place] = changed  # type: ignore[index]
            yield copied


def post(door: Door, message: Json) -> int:
    return door.post(json.dumps(message).encode()).status_code


def test_what_cannot_be_read_is_refused_with_words(door: Door) -> None:
    for what, body in UNREADABLE.items():
        answer = door.post(body)
        assert answer.status_code == 400, what
        assert answer.mimetype == "text/plain"
        assert answer.text.endswith(".\n") or "is not an event" in answer.text, (what, answer.text)
    assert door.states() == []


@pytest.mark.parametrize("raw", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80"])
def test_bytes_that_are_no_text_are_refused_with_words(door: Door, raw: bytes) -> None:
    answer = door.post(GOOD.replace(b"NAME", raw), "t=1,v1=00")

    assert (answer.status_code, answer.text) == (400, "The message is not text.\n")


def test_these_objects_are_taken_as_they_are(door: Door) -> None:
    for type_, inside in OBJECTS.items():
        assert post(door, events.event(type_, inside, previous={})) == 200
    assert door.states() == ["applied"] * len(OBJECTS)


@pytest.mark.parametrize("type_", OBJECTS)
def test_a_wrong_value_at_any_place_of_an_object_is_no_failure_of_ours(door: Door, type_: str) -> None:
    numbers = iter(range(10_000))
    for what, value in WRONG.items():
        for inside in broken(OBJECTS[type_], value):
            assert isinstance(inside, dict)
            message = events.event(type_, inside, created=events.NOON + next(numbers), previous={})
            assert post(door, message) in (200, 400), (what, inside)


def test_a_wrong_value_at_any_place_around_it_is_no_failure_of_ours(door: Door) -> None:
    message = events.event("customer.updated", {"id": "cus_1", "object": "customer"}, previous={"name": "Old"})
    for what, value in WRONG.items():
        for changed in broken(message, value):
            assert post(door, changed) in (200, 400), (what, changed)


def test_a_signed_event_with_a_text_that_cannot_be_stored_is_kept_as_failed(door: Door, signed_in: Visitor) -> None:
    """On SQLite too, which could hold it: both databases end in the same rows."""
    escape = rb"\u0000"
    body = GOOD.replace(b"NAME", b"a" + escape + b"b")

    assert door.post(body).status_code == 200
    (stored,) = door.stored()
    assert (stored.state, stored.error) == ("failed", UNSTORABLE)
    assert stored.payload.encode() == body
    assert door.customers() == []
    page = signed_in.get(f"/saas/events/{stored.id}")
    assert page.status_code == 200
    assert escape.decode() in text_of(page)
    assert signed_in.get("/saas/events").status_code == 200


@pytest.mark.parametrize("place", ["id", "type"])
@pytest.mark.parametrize("value", ["a\0b", "x" * 256])
def test_an_event_that_cannot_be_found_again_by_its_name_is_refused(door: Door, place: str, value: str) -> None:
    answer = door.post(json.dumps({**events.event("customer.created", events.customer()), place: value}).encode())

    assert answer.status_code == 400
    assert f"{place} " in answer.text
    assert door.states() == []


@pytest.mark.parametrize(
    "header", ["t=" + "9" * 5000 + ",v1=00", "t=1e999999,v1=00", "t=" + "1,v1=00," * 900, "t=٣,v1=0"]
)
def test_no_signature_makes_the_door_fail(door: Door, header: str) -> None:
    answer = door.client.post(
        "/webhooks/stripe/the-token-of-the-address",
        data=GOOD,
        environ_overrides={"HTTP_STRIPE_SIGNATURE": header.encode().decode("latin-1")},
    )

    assert answer.status_code == 400
    assert door.states() == []
