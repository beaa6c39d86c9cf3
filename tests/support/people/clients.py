"""Clients for tests: in the database alone, or with a customer and a subscription in the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import stripe
from flask import Flask
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.clients import clients
from billingportal.domain.clients.clients import ClientDraft
from billingportal.domain.connection.processor_accounts import connected, gateway_of
from billingportal.domain.entitlements import evaluation
from billingportal.domain.invoices import payment_attempts
from billingportal.domain.offers import offers
from billingportal.domain.offers import selection as offer_selection
from billingportal.domain.offers.offers import Period
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plans.price_links import Link
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import (
    CUSTOMER,
    INVOICE,
    PAYMENT_METHOD,
    PRICE,
    PRODUCT,
    SUBSCRIPTION,
    TEST_CLOCK,
)
from billingportal.models import ClientCustomer, Plan, ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.copies import PriceCopy
from tests.support.catalog.catalog import Catalog
from tests.support.catalog.plans import new_plan


@dataclass(frozen=True)
class Subscribed:
    """A client who subscribed, by its ids here and at Stripe."""

    client_id: int
    account_id: int
    customer: str
    subscription: str


def new_client(name: str = "Harbor Dental", email: str = "", mode: Mode = "test", **given: Any) -> int:
    """A client that staff made, evaluated, in a transaction of its own; its id."""
    with transaction() as session:
        typed = email or f"office@{''.join(filter(str.isalnum, name)).lower()[:60] or 'client'}.example"
        source = given.pop("source", "staff")
        draft = ClientDraft(mode=mode, name=name, email=typed, source=source, **given)
        return clients.create_client(session, draft).id


def paid_plan(
    staff_id: int, stripe_catalog: Catalog, app: Flask, name: str = "Growth", *, amount: int = 2900, **terms: Any
) -> int:
    """An active plan of one monthly price in US dollars, made in the connected account and mirrored; its id."""
    price = stripe_catalog.price(unit_amount=amount, product=stripe_catalog.product(name))
    return plan_of(staff_id, app, [Link(price, "flat")], name, **terms)


def plan_of(staff_id: int, app: Flask, links: list[Link], name: str = "Growth", **terms: Any) -> int:
    """An active plan of these prices of the connected account; its id."""
    with app.app_context():
        account, gateway = connection()
        for link in links:
            reconciliation.refresh(transaction, gateway, account.id, PRICE, link.stripe_price_id)
            price = gateway.objects.fetch("price", link.stripe_price_id).copy
            assert isinstance(price, PriceCopy)
            reconciliation.refresh(transaction, gateway, account.id, PRODUCT, price.stripe_product_id)
        return new_plan(staff_id, name, account_id=account.id, links=links, is_active=True, **terms)


def subscribed_client(
    app: Flask,
    sdk: stripe.StripeClient,
    plan_id: int,
    *,
    card: str = "pm_card_visa",
    name: str = "Harbor Dental",
    period: Period | None = None,
    quantities: Mapping[str, int] | None = None,
    test_clock: str | None = None,
    **given: Any,
) -> Subscribed:
    """A client of test mode whose customer subscribed to the plan at Stripe, mirrored and evaluated.

    `card` is a payment method token, empty for none. `given` are further parameters of the subscription.
    """
    with app.app_context():
        client_id = new_client(name)
        account, _ = connection()
        items = plan_items(db.session(), plan_id, period, quantities or {})
        customer = new_customer(sdk, name, card, test_clock)
        params = {"customer": customer, "items": items, **given}
        subscription = sdk.v1.subscriptions.create(params=cast(Any, params)).id
        link_customer(client_id, account.id, customer)
        subscribed = Subscribed(client_id, account.id, customer, subscription)
        catch_up(app, sdk, subscribed, test_clock)
        return subscribed


def new_customer(sdk: stripe.StripeClient, name: str, card: str, test_clock: str | None = None) -> str:
    params: dict[str, Any] = {"name": name, "email": "office@harbor.example"}
    if card:
        params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    if test_clock:
        params["test_clock"] = test_clock
    return sdk.v1.customers.create(params=cast(Any, params)).id


def plan_items(
    session: Session, plan_id: int, period: Period | None, quantities: Mapping[str, int]
) -> list[dict[str, object]]:
    """What a subscription to the plan has, in Stripe's words."""
    plan = session.get_one(Plan, plan_id)
    offer = offers.offer(session, plan, "test")
    choice = offer.choice(period) if period else offer.choices[0]
    assert choice is not None
    selection = Selection(choice.period, choice.currencies[0], quantities)
    return [
        {"price": item.stripe_price_id} | ({} if item.quantity is None else {"quantity": item.quantity})
        for item in offer_selection.items(session, plan, selection, "test")
    ]


def link_customer(client_id: int, account_id: int, customer: str) -> None:
    with transaction() as session:
        session.add(
            ClientCustomer(
                client_id=client_id,
                processor_account_id=account_id,
                stripe_customer_id=customer,
                linked_at=clock.now(),
            )
        )


def connection() -> tuple[ProcessorAccount, StripeGateway]:
    """The account that is connected in test mode, and a way to talk to it."""
    account = connected(db.session(), "test")
    assert account is not None, "connect an account first"
    portal = current_portal()
    return account, gateway_of(account, portal.vault, portal.open_gateway)


def catch_up(app: Flask, sdk: stripe.StripeClient, subscribed: Subscribed, test_clock: str | None = None) -> None:
    """Read from Stripe what became of the client, and evaluate it."""
    customer = subscribed.customer
    invoices = [one.id for one in sdk.v1.invoices.list(params={"customer": customer, "limit": 100}).data]
    methods = [one.id for one in sdk.v1.payment_methods.list(params={"customer": customer}).data]
    wanted = [
        *([(TEST_CLOCK, test_clock)] if test_clock else []),
        (CUSTOMER, customer),
        *((PAYMENT_METHOD, method) for method in methods),
        *((INVOICE, invoice) for invoice in invoices if invoice),
        (SUBSCRIPTION, subscribed.subscription),
    ]
    with app.app_context():
        _, gateway = connection()
        for kind, object_id in wanted:
            reconciliation.refresh(transaction, gateway, subscribed.account_id, kind, object_id)
        payment_attempts.read_unread(transaction, gateway, subscribed.account_id)
        with transaction() as session:
            evaluation.evaluate(session, subscribed.client_id)
