"""Checkout sessions over the API, and what completing them makes."""

import time
from typing import Any

import pytest
import stripe

from tests.sandbox.build import event_types, metered_price, monthly_price, subscribe
from tests.sandbox.checkout.build import complete, customer, open_session
from tests.sandbox.clocks import DAY, new_clock
from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def test_an_open_session_has_a_page_and_amounts_but_nothing_is_made(client: stripe.StripeClient) -> None:
    session = open_session(client, monthly_price(client).id, customer=customer(client).id, client_reference_id="c7")
    assert (session.status, session.payment_status, session.amount_total, session.currency) == (
        "open",
        "unpaid",
        1000,
        "usd",
    )
    assert session.url is not None
    assert session.url.endswith(f"/c/{session.id}")
    assert session.client_reference_id == "c7"
    assert not hasattr(session, "line_items")
    assert client.v1.subscriptions.list().data == client.v1.invoices.list().data == []


def test_lines_come_by_expansion_and_at_their_own_address(client: stripe.StripeClient) -> None:
    lines: Any = [{"price": monthly_price(client).id, "quantity": 3}, {"price": metered_price(client).id}]
    session = open_session(client, "", line_items=lines)
    expand: Any = {"expand": ["line_items"]}
    shown = client.v1.checkout.sessions.retrieve(session.id, params=expand).line_items
    listed = client.v1.checkout.sessions.line_items.list(session.id)
    assert shown is not None
    for found in (shown.data, listed.data):
        assert [(line.quantity, line.amount_total) for line in found] == [(3, 3000), (None, 0)]


def test_completing_makes_the_subscription_paid_with_its_own_card(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    buyer = customer(client)
    data: Any = {"metadata": {"client": "c7"}, "description": "Pro"}
    session = open_session(client, monthly_price(client).id, customer=buyer.id, subscription_data=data)
    told = complete(sandbox, account, session)
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert told == {"status": "complete", "payment_status": "paid", "subscription": done.subscription}
    expand: Any = {"expand": ["default_payment_method", "latest_invoice"]}
    subscription = client.v1.subscriptions.retrieve(str(done.subscription), params=expand)
    assert (subscription.status, subscription.metadata["client"], subscription.description) == ("active", "c7", "Pro")
    assert isinstance(subscription.default_payment_method, stripe.PaymentMethod)
    assert subscription.default_payment_method.customer == buyer.id
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    assert (subscription.latest_invoice.id, subscription.latest_invoice.status) == (done.invoice, "paid")
    assert subscription.latest_invoice.total == session.amount_total
    assert {
        "checkout.session.completed",
        "customer.subscription.created",
        "customer.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "payment_intent.succeeded",
        "payment_method.attached",
    } <= set(event_types(client))


def test_completing_twice_makes_one_subscription(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    session = open_session(client, monthly_price(client).id, customer=customer(client).id)
    assert complete(sandbox, account, session) == complete(sandbox, account, session)
    assert len(client.v1.subscriptions.list().data) == 1


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("4000000000000002", "Your card was declined."),
        ("4000000000000341", "Your card was declined."),
        ("4000000000009995", "Your card has insufficient funds."),
        ("", "Please enter how you want to pay."),
    ],
)
def test_a_declined_card_makes_nothing(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, card: str, words: str
) -> None:
    session = open_session(client, monthly_price(client).id, customer_email="new@harbour.example")
    before = event_types(client)
    told = complete(sandbox, account, session, card)
    assert (told["status"], told["subscription"], told["declined"]) == ("open", None, words)
    assert client.v1.customers.list().data == client.v1.payment_methods.list().data == []
    assert event_types(client) == before
    assert complete(sandbox, account, session)["status"] == "complete"


def test_somebody_new_becomes_a_customer(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    session = open_session(client, monthly_price(client).id)
    assert complete(sandbox, account, session)["declined"] == "Please enter your e-mail address."
    complete(sandbox, account, session, email="new@harbour.example", name="Aoife")
    (made,) = client.v1.customers.list().data
    assert (made.email, made.name) == ("new@harbour.example", "Aoife")
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.customer == made.id
    assert done.customer_details is not None
    assert done.customer_details.email == "new@harbour.example"


@pytest.mark.parametrize("card", ["4000002500003155", "4000002760003184", "4000000000003220"])
def test_the_customer_confirms_what_the_bank_asks(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, card: str
) -> None:
    session = open_session(client, monthly_price(client).id, customer=customer(client).id)
    assert "declined" in complete(sandbox, account, session, card, authentication="fail")
    assert complete(sandbox, account, session, card)["payment_status"] == "paid"


@pytest.mark.parametrize(
    ("outcome", "paid", "status"), [("succeeded", "paid", "active"), ("failed", "unpaid", "past_due")]
)
def test_a_debit_completes_the_session_and_pays_later(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, outcome: str, paid: str, status: str
) -> None:
    session = open_session(client, monthly_price(client).id, customer=customer(client).id)
    told = complete(sandbox, account, session, "sepa")
    assert (told["status"], told["payment_status"]) == ("complete", "unpaid")
    assert client.v1.subscriptions.retrieve(told["subscription"]).status == "active"
    sandbox.control("payments/settle", account=account.id, mode="test", outcome=outcome)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == paid
    assert client.v1.subscriptions.retrieve(told["subscription"]).status == status
    assert f"checkout.session.async_payment_{outcome}" in event_types(client)


def test_a_trial_takes_the_card_and_no_money(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    data: Any = {"trial_period_days": 14}
    session = open_session(client, monthly_price(client).id, customer=customer(client).id, subscription_data=data)
    assert session.amount_total == 0
    assert complete(sandbox, account, session, "")["declined"] == "Please enter how you want to pay."
    told = complete(sandbox, account, session)
    assert told["payment_status"] == "no_payment_required"
    subscription = client.v1.subscriptions.retrieve(told["subscription"])
    assert (subscription.status, subscription.default_payment_method is None) == ("trialing", False)


def test_a_trial_can_do_without_a_card(sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient) -> None:
    ending: Any = {"end_behavior": {"missing_payment_method": "pause"}}
    data: Any = {"trial_period_days": 14, "trial_settings": ending}
    session = open_session(
        client,
        monthly_price(client).id,
        customer=customer(client).id,
        subscription_data=data,
        payment_method_collection="if_required",
    )
    subscription = client.v1.subscriptions.retrieve(complete(sandbox, account, session, "")["subscription"])
    assert (subscription.status, subscription.default_payment_method) == ("trialing", None)
    assert subscription.trial_settings is not None
    assert subscription.trial_settings.end_behavior.missing_payment_method == "pause"


def test_sessions_expire_on_command_and_by_time(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    first = open_session(client, monthly_price(client).id, customer=customer(client).id)
    second = open_session(client, monthly_price(client).id, customer=customer(client).id)
    assert client.v1.checkout.sessions.expire(first.id).status == "expired"
    sandbox.control("checkout/expire", account=account.id, mode="test", session=second.id)
    assert event_types(client)[-2:] == ["checkout.session.expired"] * 2
    assert complete(sandbox, account, first)["status"] == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(first.id)
    assert [one.id for one in client.v1.checkout.sessions.list(params={"status": "expired"}).data] == [
        second.id,
        first.id,
    ]


def test_an_open_session_pins_the_currency(client: stripe.StripeClient) -> None:
    buyer = customer(client)
    session = open_session(client, monthly_price(client).id, customer=buyer.id)
    euros = monthly_price(client, currency="eur")
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        open_session(client, euros.id, customer=buyer.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        subscribe(client, buyer.id, euros.id, default_payment_method="pm_card_visa")
    client.v1.checkout.sessions.expire(session.id)
    assert open_session(client, euros.id, customer=buyer.id).currency == "eur"


def test_address_name_and_tax_id_are_kept_with_the_customer(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient
) -> None:
    buyer = customer(client)
    session = open_session(
        client,
        monthly_price(client).id,
        customer=buyer.id,
        customer_update={"address": "auto", "name": "auto"},
        billing_address_collection="required",
        tax_id_collection={"enabled": True},
    )
    assert complete(sandbox, account, session)["declined"] == "Please enter your address."
    typed = {"country": "IE", "city": "Cork", "name": "Harbour Ltd", "tax_id_type": "eu_vat", "tax_id": "IE1234567FA"}
    assert complete(sandbox, account, session, **typed)["status"] == "complete"
    kept = client.v1.customers.retrieve(buyer.id)
    assert kept.address is not None
    assert (kept.name, kept.address.country) == ("Harbour Ltd", "IE")
    assert [one.value for one in client.v1.customers.tax_ids.list(buyer.id).data] == ["IE1234567FA"]


@pytest.mark.parametrize("days", [40, -40])
def test_a_session_lives_in_real_time_and_its_subscription_on_the_clock(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, days: int
) -> None:
    """A person sits before the page, whatever the customer's test clock shows."""
    moment = int(time.time())
    test_clock = new_clock(client, moment + days * DAY)
    buyer = customer(client, test_clock=test_clock)
    price = monthly_price(client).id
    usual = open_session(client, price, customer=buyer.id)
    assert moment + DAY <= usual.expires_at <= moment + DAY + 60
    opened = open_session(client, price, customer=buyer.id, expires_at=moment + 3600)
    assert moment <= opened.created <= moment + 60
    complete(sandbox, account, opened)
    (subscription,) = client.v1.subscriptions.list(params={"customer": buyer.id}).data
    assert subscription.created == moment + days * DAY
