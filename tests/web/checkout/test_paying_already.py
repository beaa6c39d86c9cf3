"""A person who pays at Stripe already is never sold a second subscription, and staff see who to connect."""

from dataclasses import dataclass

import pytest
import stripe
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.db import db
from billingportal.models import AdoptionRequest, Client, Customer, OutgoingMail, PlanPrice
from billingportal.models.auth.staff import Staff
from tests.support.catalog.catalog import connect
from tests.support.catalog.plans import new_plan
from tests.support.pages import Visitor, text_of
from tests.support.people.billing import link_of
from tests.support.people.checkouts import Till, furnish, tell
from tests.support.people.clients import new_client
from tests.support.people.mail_receiver import switch_mail_on
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
SIGN_UP = "/portal/sign-up"
ADOPTION = "/saas/clients/adoption"


@dataclass(frozen=True)
class Shop:
    """A portal that sells Growth and Free, and its account at Stripe."""

    app: Flask
    till: Till
    plans: dict[str, int]
    sdk: stripe.StripeClient

    def pay_elsewhere(self, email: str, *, is_known: bool) -> stripe.Subscription:
        """Somebody subscribed at Stripe; with `is_known` the portal has heard of it."""
        customer = self.sdk.v1.customers.create(
            params={
                "name": "Quayside Ltd",
                "email": email,
                "payment_method": "pm_card_visa",
                "invoice_settings": {"default_payment_method": "pm_card_visa"},
            }
        )
        with self.app.app_context():
            price = db.session().scalars(
                select(PlanPrice.stripe_price_id).where(PlanPrice.plan_id == self.plans["Growth"])
            )
            price_id = str(price.first())
            db.session.remove()
        made = self.sdk.v1.subscriptions.create(params={"customer": customer.id, "items": [{"price": price_id}]})
        if is_known:
            tell(self.app)
        return made

    def sign_up(self, email: str, plan: str = "Growth") -> tuple[int, str]:
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        typed = {"name": "Quayside Dental", "email": email, "workspace_name": "Front desk"}
        answer = visitor.submit(SIGN_UP, {**typed, **self.order(plan)})
        return answer.status_code, text_of(answer)

    def order(self, plan: str = "Growth") -> dict[str, str]:
        order = {"plan": str(self.plans[plan])}
        return order if plan == "Free" else {**order, "interval": "month", "currency": "usd"}

    def at_stripe(self) -> tuple[int, int, int]:
        """How many customers, subscriptions and checkouts there are."""
        customers = self.sdk.v1.customers.list(params={"limit": 100}).data
        return len(customers), len(self.till.subscriptions()), len(self.till.sessions())


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def shop(app: Flask, signed_in: Visitor, owner: Staff, sandbox: Sandbox, stripe_account: SandboxAccount) -> Shop:
    connect(app, signed_in, stripe_account.test_key)
    till = Till(sandbox, stripe_account)
    with app.app_context():
        plans = furnish(app, till, owner.id)
        plans["Free"] = new_plan(owner.id, "Free", is_active=True)
        db.session.remove()
    return Shop(app, till, plans, sandbox.client(stripe_account.test_key))


def requests(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    rows = session.execute(select(AdoptionRequest.canonical_email, AdoptionRequest.name))
    return [(email, name) for email, name in rows]


@pytest.mark.parametrize(
    ("at_stripe", "typed", "is_known"),
    [
        ("Front@Quayside.example", "front@quayside.EXAMPLE", True),
        ("front@xn--mnchen-3ya.example", "Front@MÜNCHEN.example", True),
        ("front@quayside.example", "Front@Quayside.example", False),
        ("Front@Quayside.example", "Front@Quayside.example", False),
        ("front@xn--mnchen-3ya.example", "front@münchen.example", False),
    ],
)
def test_who_pays_at_stripe_is_not_sold_a_second_subscription(
    shop: Shop, session: Session, at_stripe: str, typed: str, is_known: bool
) -> None:
    shop.pay_elsewhere(at_stripe, is_known=is_known)
    status, words = shop.sign_up(typed)
    assert (status, "You already have a subscription" in words) == (422, True)
    assert shop.at_stripe() == (1, 1, 0)
    assert session.scalars(select(Client)).all() == []
    assert [name for _, name in requests(session)] == ["Quayside Dental"]


def test_a_free_plan_is_no_way_around_it(shop: Shop, session: Session) -> None:
    shop.pay_elsewhere("front@quayside.example", is_known=True)
    assert shop.sign_up("Front@quayside.example", "Free")[0] == 422
    assert session.scalars(select(Client)).all() == []


@pytest.mark.parametrize("buys", ["Growth", "Free"])
def test_staff_see_the_pair_connect_it_and_the_person_gets_a_link(
    shop: Shop, signed_in: Visitor, session: Session, buys: str
) -> None:
    switch_mail_on()
    subscription = shop.pay_elsewhere("Front@Quayside.example", is_known=True)
    shop.pay_elsewhere("another@example.com", is_known=True)
    shop.sign_up("front@quayside.example", buys)
    assert "1 of them asked for an account." in text_of(signed_in.get("/saas/clients"))
    page = text_of(signed_in.get(ADOPTION))
    assert "as Quayside Dental. They wait for their account." in page
    assert page.index("Front@Quayside.example") < page.index("another@example.com")
    made = signed_in.submit(f"{ADOPTION}/{subscription.customer}/client")
    assert made.status_code == 303, text_of(made)
    assert requests(session) == []
    client = session.scalars(select(Client)).one()
    mails = session.execute(select(OutgoingMail.client_id, OutgoingMail.kind)).all()
    assert [tuple(mail) for mail in mails] == [(client.id, "account_ready")]
    assert "asked for an account" not in text_of(signed_in.get(ADOPTION))


def test_a_client_without_a_subscription_here_is_not_sold_one_either(shop: Shop, session: Session) -> None:
    client_id = new_client("Quayside Dental", "front@quayside.example", base_plan_id=shop.plans["Free"])
    shop.pay_elsewhere("front@quayside.example", is_known=False)
    visitor = shop.app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.get(link_of(shop.app, client_id))
    refused = visitor.submit(SIGN_UP, shop.order())
    assert refused.status_code == 422
    assert "You already have a subscription that isn’t connected to this account yet." in text_of(refused)
    assert shop.at_stripe() == (1, 1, 0)
    assert requests(session) == [("front@quayside.example", "Quayside Dental")]


def test_who_paid_once_or_is_not_ours_may_sign_up(shop: Shop, signed_in: Visitor, session: Session) -> None:
    over = shop.pay_elsewhere("over@quayside.example", is_known=True)
    shop.sdk.v1.subscriptions.cancel(over.id)
    tell(shop.app)
    assert shop.sign_up("over@quayside.example")[0] == 303
    other = shop.pay_elsewhere("other@quayside.example", is_known=True)
    assert shop.sign_up("other@quayside.example")[0] == 422
    signed_in.submit(f"{ADOPTION}/{other.customer}/ignoring")
    assert requests(session) == []
    assert shop.sign_up("other@quayside.example")[0] == 303


def test_without_stripe_nobody_is_sold_anything(shop: Shop, session: Session) -> None:
    shop.till.sandbox.control("faults", kind="500", path_prefix="/v1/customers")
    status, words = shop.sign_up("front@quayside.example")
    assert (status, "Stripe does not answer right now" in words) == (422, True)
    assert session.scalars(select(Client)).all() == []


def test_the_copy_of_a_customer_knows_its_canonical_address(shop: Shop, session: Session) -> None:
    subscription = shop.pay_elsewhere("Front@Quayside.example", is_known=True)
    customer_id = str(subscription.customer)
    of_customer = select(Customer.canonical_email).where(Customer.stripe_customer_id == customer_id)
    assert session.scalar(of_customer) == "front@quayside.example"
    for email, canonical in (("DESK@quayside.example", "desk@quayside.example"), ("", None)):
        shop.sdk.v1.customers.update(customer_id, params={"email": email})
        tell(shop.app)
        session.rollback()
        assert session.scalar(of_customer) == canonical
