"""Stripe's totals of a meter by day: all pages, exact numbers, and nothing that never ends."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest

from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.stripe.misbehaving import Conversation, Misbehaving
from tests.support.stripe.misbehaviours import answered
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

FIRST = date(2026, 11, 1)
DAY = timedelta(days=1)
Answer = Callable[[str | None], dict[str, object]]


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


def summary(place: int, value: object = 5.0, name: str = "") -> dict[str, object]:
    start = datetime.combine(FIRST + place * DAY, datetime.min.time(), UTC)
    return {
        "id": name or f"mtrusg_{place}",
        "object": "billing.meter_event_summary",
        "aggregated_value": value,
        "start_time": int(start.timestamp()),
        "end_time": int((start + DAY).timestamp()),
        "livemode": False,
        "meter": "mtr_1",
    }


def page(rows: list[dict[str, object]], *, has_more: bool = False) -> dict[str, object]:
    return {"object": "list", "data": rows, "has_more": has_more, "url": "/v1/billing/meters/mtr_1/event_summaries"}


def ask(server: Misbehaving, answer: Answer, days: int = 400) -> dict[date, Decimal]:
    """The totals from a server that answers to the id after which a page starts."""

    def manner(conversation: Conversation) -> None:
        given = parse_qs(urlsplit(server.asked[-1].target).query)
        answered(json.loads(json.dumps(answer(given.get("starting_after", [None])[0]))))(conversation)

    server.manner = manner
    gateway = gateway_opener(server.url)("sk_test_51summaries")
    return gateway.event_summaries.day_totals("mtr_1", "cus_1", FIRST, FIRST + days * DAY)


def test_all_pages_are_read(server: Misbehaving) -> None:
    def two_pages(after: str | None) -> dict[str, object]:
        start = 0 if after is None else int(after.removeprefix("mtrusg_")) + 1
        return page([summary(place, place + 1) for place in range(start, min(start + 100, 250))], has_more=start < 200)

    found = ask(server, two_pages)

    assert len(found) == 250
    assert found[FIRST + 249 * DAY] == 250
    assert len(server.asked) == 3


def test_a_page_that_comes_again_is_an_error_and_no_endless_loop(server: Misbehaving) -> None:
    with pytest.raises(UnreadableObject):
        ask(server, lambda after: page([summary(0), summary(1)], has_more=True))


def test_pages_in_a_circle_are_an_error(server: Misbehaving) -> None:
    numbers = count()
    with pytest.raises(UnreadableObject):
        ask(server, lambda after: page([summary(next(numbers) % 3)], has_more=True))


def test_a_day_that_comes_twice_is_an_error(server: Misbehaving) -> None:
    with pytest.raises(UnreadableObject):
        ask(server, lambda after: page([summary(0), summary(0, 7.0, "mtrusg_other")]))


@pytest.mark.parametrize("place", [-1, 400])
def test_a_day_that_was_not_asked_for_is_an_error(server: Misbehaving, place: int) -> None:
    with pytest.raises(UnreadableObject):
        ask(server, lambda after: page([summary(place)]), days=30)


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (320.0, Decimal(320)),
        (0, Decimal(0)),
        (-20.0, Decimal(-20)),
        (999999999999999.0, Decimal(999999999999999)),
        (9007199254740992.0, Decimal(2**53)),
        (2.5, Decimal("2.5")),
        ("17", Decimal(17)),
    ],
)
def test_totals_are_exact(server: Misbehaving, value: object, exact: Decimal) -> None:
    assert ask(server, lambda after: page([summary(0, value)])) == {FIRST: exact}


@pytest.mark.parametrize("value", [1e16, -1e300, float("nan"), float("inf"), None, True, "many", [5]])
def test_a_total_that_is_not_exact_is_an_error(server: Misbehaving, value: object) -> None:
    with pytest.raises(UnreadableObject):
        ask(server, lambda after: page([summary(0, value)]))


def test_the_sandbox_agrees(sandbox: Sandbox, account: SandboxAccount, gateway: StripeGateway) -> None:
    sdk = sandbox.client(account.test_key)
    formula = {"default_aggregation": {"formula": "sum"}}
    meter = sdk.v1.billing.meters.create({"display_name": "Replies", "event_name": "replies", **formula})  # type: ignore[typeddict-item]
    customer = sdk.v1.customers.create({"name": "Harbor"})
    today = datetime.now(UTC).date()
    payload = {"stripe_customer_id": customer.id, "value": "25"}
    sdk.v1.billing.meter_events.create({"event_name": "replies", "payload": payload})

    found = gateway.event_summaries.day_totals(meter.id, customer.id, today - 3 * DAY, today)

    assert {day: total for day, total in found.items() if total} == {today: Decimal(25)}
