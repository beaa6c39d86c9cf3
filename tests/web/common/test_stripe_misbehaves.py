"""Stripe's address misbehaves: every form that needs Stripe says so in words, and nothing is lost or done twice."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import ProcessorAccount, StripeEvent
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.client import OpenGateway, gateway_opener
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.limits import FORM, Limits
from tests.support.catalog.catalog import Catalog, connect
from tests.support.pages import PARTIAL, Visitor, text_of
from tests.support.people.billing import visitor_of
from tests.support.people.clients import Subscribed, catch_up, paid_plan, subscribed_client
from tests.support.people.forms import form_of
from tests.support.stripe.misbehaving import Manner, Misbehaving
from tests.support.stripe.misbehaviours import QUICK, SLOWLY, answered, cut_off, slow_body
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount
from tests.support.stripe.worlds import World

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

# So short that a form that waits for nothing is a quick test.
SHORT = Limits(call_seconds=0.5, total_seconds=0.5)
GENEROUS = 12
NAMES = (
    "null",
    "an empty array",
    "a text",
    "wrong UTF-8",
    "NUL",
    "an object of nobody",
    "an error that is a text",
    "an error that is null",
    "a sign-in page",
    "502 with a page",
    "429, huge wait",
    "a body cut off",
    "302",
    "half of a gzip",
    "a list of anything",
)
MANNERS: dict[str, Manner] = {
    **{name: QUICK[name] for name in NAMES},
    "a body of one byte at a time": SLOWLY["a body of one byte at a time"],
}
AWAY, NOT_HERE = "Stripe does not answer right now", "Payments are not available right now."
# Markup and bytes of an answer, and what a view says that did not expect it.
RAW = ("nginx", "&lt;html", "b&#39;", "Traceback", "The portal made a mistake")


@pytest.fixture(scope="module")
def stripe(sandbox: Sandbox) -> Iterator[Misbehaving]:
    with Misbehaving(sandbox.url) as running:
        yield running


@pytest.fixture
def limits() -> Limits:
    return SHORT


@pytest.fixture
def open_gateway(stripe: Misbehaving, limits: Limits) -> OpenGateway:
    """Gateways that wait as long as others do, except where nothing will come anyway."""
    stripe.behave()
    patient, hasty = gateway_opener(stripe.url), gateway_opener(stripe.url, limits=limits)

    def open_one(key: str) -> StripeGateway:
        return hasty(key) if stripe.answers_nothing else patient(key)

    return open_one


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox, stripe: Misbehaving) -> Settings:
    return replace(with_sandbox(settings, sandbox), stripe_api_base=stripe.url)


@pytest.fixture
def shop(sandbox: Sandbox, stripe_account: SandboxAccount) -> Catalog:
    return Catalog(sandbox.client(stripe_account.test_key))


@pytest.fixture
def plan_id(app: Flask, signed_in: Visitor, owner: Staff, shop: Catalog, stripe_account: SandboxAccount) -> int:
    connect(app, signed_in, stripe_account.test_key)
    return paid_plan(owner.id, shop, app)


@pytest.fixture
def subscribed(app: Flask, shop: Catalog, plan_id: int) -> Subscribed:
    return subscribed_client(app, shop.client, plan_id)


@dataclass
class Trouble:
    """Sends a form while Stripe misbehaves in every way."""

    stripe: Misbehaving

    def each(self, send: Callable[[], "TestResponse"], *statuses: int) -> list[str]:
        """What the pages say, tags left out."""
        return [self.one(name, manner, send, statuses) for name, manner in MANNERS.items()]

    def one(self, name: str, manner: Manner, send: Callable[[], "TestResponse"], statuses: tuple[int, ...]) -> str:
        self.stripe.manner = manner
        started = time.monotonic()
        answer = send()
        seconds = time.monotonic() - started
        self.stripe.behave()
        assert answer.status_code in statuses, (name, answer.status_code, text_of(answer))
        assert seconds < GENEROUS, name
        assert not any(raw in answer.text for raw in RAW), (name, text_of(answer))
        return text_of(answer)


@pytest.fixture
def trouble(stripe: Misbehaving) -> Trouble:
    return Trouble(stripe)


def test_saving_the_key(trouble: Trouble, signed_in: Visitor, session: Session, stripe_account: SandboxAccount) -> None:
    key = {"secret_key": stripe_account.test_key}
    said = trouble.each(lambda: signed_in.swap("/saas/payment-processor", key), 200, 422)
    assert {words for words in said if "Nothing was saved" not in words} == set()
    assert session.scalars(select(ProcessorAccount)).all() == []
    assert "Accepted" in text_of(signed_in.swap("/saas/payment-processor", key))


def test_looking_a_price_up(trouble: Trouble, signed_in: Visitor, plan_id: int, shop: Catalog) -> None:
    shop.price(lookup_key="growth_monthly")
    path = "/saas/prices/resolve?text=growth_monthly"
    said = trouble.each(lambda: signed_in.get(path, headers=PARTIAL), 200)
    assert {words for words in said if "Stripe could not be asked about this price" not in words} == set()
    assert "US$29.00 a month" in text_of(signed_in.get(path, headers=PARTIAL))


def test_signing_up_to_pay(app: Flask, trouble: Trouble, sandbox: Sandbox, plan_id: int, shop: Catalog) -> None:
    chosen = {"plan": str(plan_id), "interval": "month", "currency": "usd"}
    typed = {"name": "Quayside", "email": "front@quayside.example", "workspace_name": "Desk", **chosen}
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.get("/portal/sign-up")
    said = trouble.each(lambda: visitor.submit("/portal/sign-up", typed), 422, 429)
    assert any("Stripe" in words for words in said)


def test_an_answer_that_is_lost_makes_no_second_checkout(
    app: Flask, stripe: Misbehaving, plan_id: int, shop: Catalog
) -> None:
    chosen = {"plan": str(plan_id), "interval": "month", "currency": "usd"}
    typed = {"name": "Quayside", "email": "front@quayside.example", "workspace_name": "Desk", **chosen}
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.get("/portal/sign-up")
    stripe.manner, stripe.reaches_stripe, stripe.paths = cut_off, True, ("/checkout/sessions",)
    lost = [visitor.submit("/portal/sign-up", typed).status_code for _ in range(2)]
    keys = {
        (asked.path, asked.headers["idempotency-key"])
        for asked in stripe.asked
        if asked.method == "POST" and "checkout" in asked.path
    }
    stripe.behave()
    found = visitor.submit("/portal/sign-up", typed)
    assert (lost, found.status_code) == ([422, 422], 303)
    assert len(keys) == 1
    assert len(shop.client.v1.checkout.sessions.list().data) == 1
    assert len(shop.client.v1.customers.list().data) == 1


def test_a_refund(
    app: Flask, trouble: Trouble, stripe: Misbehaving, signed_in: Visitor, shop: Catalog, subscribed: Subscribed
) -> None:
    item = shop.client.v1.subscriptions.retrieve(subscribed.subscription).items.data[0]
    second = shop.client.v1.subscriptions.create(
        params={"customer": subscribed.customer, "items": [{"price": item.price.id}]}
    )
    page = f"/saas/clients/{subscribed.client_id}"
    catch_up(app, shop.client, replace(subscribed, subscription=second.id))
    removal = f"{page}/duplicates/{second.id}/removal"
    form = form_of(signed_in.get(removal), "remove")
    said = trouble.each(lambda: form.send(signed_in), 422)
    assert {words for words in said if "nothing is done twice" not in words} == set()
    stripe.manner, stripe.reaches_stripe, stripe.paths = cut_off, True, ("/refunds", "/subscriptions")
    assert form.send(signed_in).status_code == 422
    stripe.behave()
    assert form.send(signed_in).status_code == 303
    assert [refund.amount for refund in shop.client.v1.refunds.list().data] == [2900]


def test_the_clients_billing_page(app: Flask, trouble: Trouble, subscribed: Subscribed) -> None:
    visitor = visitor_of(app, subscribed.client_id)
    said = trouble.each(lambda: visitor.get("/portal/billing/next-payment"), 200)
    assert {words for words in said if AWAY not in words and NOT_HERE not in words} == set()
    for path in ("payment-method", "details", "cancellation"):
        said = trouble.each(lambda path=path: visitor.submit(f"/portal/billing/{path}"), 503, 422)  # type: ignore[misc]
        assert {words for words in said if "Stripe" not in words and NOT_HERE not in words} == set()
    assert "Go on to Stripe" in text_of(visitor.submit("/portal/billing/payment-method"))


def test_what_staff_do_with_a_client(trouble: Trouble, signed_in: Visitor, subscribed: Subscribed) -> None:
    page = f"/saas/clients/{subscribed.client_id}"
    said = trouble.each(lambda: signed_in.submit(f"{page}/fetches"), 503)
    assert {words for words in said if "Stripe could not be asked" not in words} == set()
    said = trouble.each(lambda: signed_in.submit(f"{page}/archiving", {"when": "now"}), 422)
    assert {words for words in said if "Nothing was archived" not in words} == set()
    assert signed_in.submit(f"{page}/fetches").status_code == 303


def test_the_worker_says_that_stripe_could_not_be_asked_and_loses_nothing(
    app: Flask,
    stripe: Misbehaving,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    subscribed: Subscribed,
    shop: Catalog,
) -> None:
    world = World(app, sandbox, stripe_account)
    with app.app_context():
        world.read_events()
        shop.client.v1.customers.update(subscribed.customer, params={"name": "Quayside Dental"})
        stripe.manner, stripe.paths = MANNERS["null"], ("/v1/customers",)
        world.read_events()
        (event,) = waiting(world)
        assert event.error == "Stripe could not be asked: Stripe's answer could not be read (HTTP 200)."
        for name, manner in MANNERS.items():
            stripe.behave()
            stripe.manner = manner
            ask_now(world)
            world.check()
            world.read_events()
            assert [one.id for one in waiting(world)] == [event.id], name
            assert "Stripe could not be asked" in (world.catch_up().problem or ""), name
            assert (world.row().key_state, world.row().check_problem is None) == ("working", False), name
        stripe.behave()
        ask_now(world)
        world.check()
        world.read_events()
        assert (waiting(world), world.row().check_problem) == ([], None)
        world.assert_in_step()


def waiting(world: World) -> list[StripeEvent]:
    """The events that are not taken in yet."""
    return [event for event in world.events() if event.state in ("pending", "failed")]


def ask_now(world: World) -> None:
    """Whatever waits for its next attempt has waited long enough."""
    with transaction() as session:
        session.execute(update(StripeEvent).values(next_attempt_at=clock.now()))


def test_a_redirect_is_not_followed_to_another_account(
    trouble: Trouble, signed_in: Visitor, session: Session, stripe: Misbehaving, stripe_account: SandboxAccount
) -> None:
    other = Misbehaving()
    with other:
        other.manner = answered({"object": "balance", "id": "acct_other", "livemode": False})
        for status in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            stripe.manner = answered({}, status, f"Location: {other.url}/v1/balance")
            words = text_of(signed_in.swap("/saas/payment-processor", {"secret_key": stripe_account.test_key}))
            assert "Nothing was saved" in words
    assert other.asked == []
    assert session.scalars(select(ProcessorAccount)).all() == []


@pytest.mark.parametrize("limits", [FORM])
def test_at_full_length_a_form_ends_within_twelve_seconds(
    trouble: Trouble, signed_in: Visitor, stripe_account: SandboxAccount
) -> None:
    key = {"secret_key": stripe_account.test_key}
    trouble.one("full length", slow_body, lambda: signed_in.swap("/saas/payment-processor", key), (200, 422))
