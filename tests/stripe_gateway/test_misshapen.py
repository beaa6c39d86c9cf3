"""JSON that is an object and of no use: fields that are missing or of another type, in every object that is read."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import StripeProblem, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects import fields as object_fields
from billingportal.stripe_gateway.requests.objects import FETCHES
from tests.support.stripe.gateway_calls import calls_of
from tests.support.stripe.misbehaving import Conversation, Misbehaving
from tests.support.stripe.misbehaviours import answered, message
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.stripe.shop import Shop

KEY = "sk_test_51misshapen"
WRONG: tuple[object, ...] = (
    None,
    5,
    -1,
    "text",
    True,
    [],
    {},
    [5],
    [{}],
    {"data": 5},
    {"id": 5},
    10**40,
    1.5,
    "1e9999",
)
MISSING = "(missing)"
# Every name that the gateway's sources read, whatever is added there.
SOURCES = Path(object_fields.__file__).parent.glob("*.py")
NAMES = sorted({name for path in SOURCES for name in re.findall(r'"([a-z][a-z0-9_]+)"', path.read_text())})


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


@pytest.fixture
def gateway(server: Misbehaving) -> StripeGateway:
    return gateway_opener(server.url)(KEY)


@pytest.fixture
def objects(sandbox: Sandbox, account: SandboxAccount) -> dict[str, dict[str, Any]]:
    """One of each kind, as Stripe sends it."""
    sdk = sandbox.client(account.test_key)
    shop = Shop(sdk, Random(3))
    shop.open()
    shop.live(60)
    payment = next(one for one in sdk.v1.invoice_payments.list(params={"status": "paid"}).data)
    sdk.v1.refunds.create(params={"payment_intent": str(payment.payment.payment_intent), "amount": 100})
    sandbox.control("disputes", account=account.id, mode="test", invoice=payment.invoice, status="needs_response")
    price = sdk.v1.prices.create(
        params={
            "currency": "eur",
            "product": shop.products[0],
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": "volume",
            "tiers": [{"up_to": 5, "unit_amount": 500}, {"up_to": "inf", "unit_amount": 400}],
            "currency_options": {"usd": {"tiers": [{"up_to": "inf", "unit_amount": 700}]}},
        }
    )
    options = {"currency_options": {"usd": {"tiers": [{"up_to": None, "unit_amount_decimal": "700"}]}}}
    made = {kind: sandbox.objects(account.id, "test", kind) for kind in FETCHES}
    found = {kind: next(one for one in rows if not one.get("deleted")) for kind, rows in made.items() if rows}
    return {**found, "price": {**next(one for one in made["price"] if one["id"] == price.id), **options}}


def paths(value: object, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands inside."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*before, key)
        yield from paths(part, (*before, key))


def changed(source: dict[str, Any], path: tuple[Any, ...], wrong: object) -> dict[str, Any]:
    made = deepcopy(source)
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    if wrong == MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = wrong
    return made


def test_one_wrong_field_is_read_or_refused_never_an_accident(
    server: Misbehaving, gateway: StripeGateway, objects: dict[str, dict[str, Any]]
) -> None:
    assert len(objects) >= 9
    chance = Random(1)
    refused = 0
    for kind, source in objects.items():
        for path in chance.sample(everywhere := list(paths(source)), min(40, len(everywhere))):
            server.manner = answered(changed(source, path, chance.choice((MISSING, *WRONG))))
            try:
                gateway.objects.fetch(kind, source["id"])
            except StripeProblem:
                refused += 1
    assert refused > 50


@pytest.mark.parametrize("wrong", [*WRONG, MISSING], ids=str)
def test_every_field_wrong_in_every_call(server: Misbehaving, gateway: StripeGateway, wrong: object) -> None:
    """The object has the type that was asked for, and each name that the gateway's sources read is wrong in it."""

    def say(conversation: Conversation) -> None:
        made = {} if wrong == MISSING else dict.fromkeys(NAMES, wrong)
        kind, is_list = kind_of(conversation.asked.path), conversation.asked.path.count("/x_1") == 0
        one = {**made, "object": kind, "id": "x_1"}
        listed = {"object": "list", "data": [one], "has_more": False, "next_page_url": None}
        is_page = is_list and conversation.asked.method == "GET"
        conversation.say(message(json.dumps(listed if is_page else one).encode()))

    server.manner = say
    for call in calls_of(gateway).values():
        try:
            call()
        except StripeProblem:
            continue


def kind_of(path: str) -> str:
    """`/v1/billing/meters/x_1` is about a `billing.meter`."""
    parts = [part for part in path.split("/")[2:] if part != "x_1"]
    return ".".join(parts).removesuffix("s")


@pytest.mark.parametrize("too_large", [2**31, 2**63, 10**40])
def test_a_number_that_no_column_holds_is_refused(
    server: Misbehaving, gateway: StripeGateway, objects: dict[str, dict[str, Any]], too_large: int
) -> None:
    for kind, path in (("price", ("recurring", "interval_count")), ("invoice", ("attempt_count",))):
        server.manner = answered(changed(objects[kind], path, too_large))
        with pytest.raises(UnreadableObject, match=f"{path[-1]} is too large"):
            gateway.objects.fetch(kind, objects[kind]["id"])


def test_an_answer_about_another_object_is_refused(server: Misbehaving, gateway: StripeGateway) -> None:
    for other in ({"object": "price", "id": "price_2"}, {"object": "product", "id": "price_1", "deleted": True}):
        server.manner = answered(other)
        with pytest.raises(UnreadableObject, match="not the price price_1"):
            gateway.objects.fetch("price", "price_1")


def test_a_list_that_never_ends_is_refused(server: Misbehaving, gateway: StripeGateway) -> None:
    product = {"object": "product", "id": "prod_1", "name": "Growth", "created": 1}
    server.manner = answered({"object": "list", "data": [product], "has_more": True})
    page = gateway.objects.page("active products", None)
    with pytest.raises(UnreadableObject, match="the list does not go on"):
        gateway.objects.page("active products", page.last_id)
    server.manner = answered({"object": "list", "data": [], "has_more": True})
    with pytest.raises(UnreadableObject, match="the list does not go on"):
        gateway.objects.page("customers", None)


@pytest.mark.parametrize("pages", [["a"], ["a", "b"], ["ab", "b"]], ids=str)
def test_lines_whose_pages_come_again_are_refused(
    server: Misbehaving, gateway: StripeGateway, pages: list[str]
) -> None:
    """Whether it is the same page or an earlier one: the reading would never end."""
    asked: list[str] = []

    def say(conversation: Conversation) -> None:
        asked.append(conversation.asked.target)
        rows = [line_named(name) for name in pages[(len(asked) - 1) % len(pages)]]
        listed = {"object": "list", "data": rows, "has_more": len(asked) < 20}
        conversation.say(message(json.dumps(listed).encode()))

    server.manner = say
    with pytest.raises(UnreadableObject, match="the list does not go on"):
        gateway.invoice_lines("in_1")
    assert len(asked) <= 3


def line_named(name: str) -> dict[str, object]:
    period = {"start": 1_700_000_000, "end": 1_700_000_100}
    return {"object": "line_item", "id": f"il_{name}", "amount": 5, "quantity": 1, "period": period}
