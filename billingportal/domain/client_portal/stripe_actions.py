"""A client's actions at Stripe from its billing page: change the card or the details.

Every function waits for Stripe: call it with no transaction open.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.entitlements import evaluation
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import CUSTOMER, INVOICE, PAYMENT_METHOD, SUBSCRIPTION, ObjectType
from billingportal.models import Client, ClientCustomer, Customer
from billingportal.models.stripe_objects.payment_method import is_source
from billingportal.stripe_gateway.gateway import StripeGateway


@dataclass(frozen=True)
class Known:
    """A client's stored Stripe ids. `customer_method` is the customer's default payment method."""

    account_id: int
    customer_id: str
    customer_method: str | None
    subscription_id: str | None
    subscription_method: str | None
    subscription_revision: int
    latest_invoice_id: str | None


def find_customer_ids(session: Session, client_id: int) -> Known | None:
    """The client's stored Stripe ids; None for a client without a customer."""
    client = session.get_one(Client, client_id)
    link = client_subscriptions.link_of(session, client)
    if link is None:
        return None
    subscription = client_subscriptions.running_of(session, client)
    return Known(
        account_id=link.processor_account_id,
        customer_id=link.stripe_customer_id,
        customer_method=customers_method(session, link),
        subscription_id=subscription.stripe_subscription_id if subscription else None,
        subscription_method=subscription.default_stripe_payment_method_id if subscription else None,
        subscription_revision=subscription.revision if subscription else 0,
        latest_invoice_id=subscription.latest_stripe_invoice_id if subscription else None,
    )


def refresh_client(transaction: Transaction, gateway: StripeGateway, client_id: int) -> bool:
    """Refresh the client's rows from Stripe. Returns whether there is a new default payment method.

    Raises a StripeProblem.
    """
    with transaction() as session:
        before = find_customer_ids(session, client_id)
    if before is None:
        return False
    bring(transaction, gateway, before, CUSTOMER, before.customer_id)
    bring(transaction, gateway, before, SUBSCRIPTION, before.subscription_id)
    with transaction() as session:
        after = find_customer_ids(session, client_id)
    if after is None:
        return False
    chosen = after.customer_method if after.customer_method != before.customer_method else None
    if chosen and after.subscription_id and after.subscription_method == before.subscription_method is not None:
        # The subscription has a payment method of its own, which would go on being charged.
        # The revision tells a choice from the same one before another: an old key would bring the old answer.
        key = f"method-{client_id}-{after.subscription_id}-{chosen}-{after.subscription_revision}"
        gateway.billing_portal.use_method(after.subscription_id, chosen, key)
        bring(transaction, gateway, after, SUBSCRIPTION, after.subscription_id)
    for method_id in {after.customer_method, after.subscription_method}:
        if method_id is not None and not is_source(method_id):
            bring(transaction, gateway, after, PAYMENT_METHOD, method_id)
    bring(transaction, gateway, after, INVOICE, after.latest_invoice_id)
    with transaction() as session:
        if chosen:
            words = "Chose another payment method in Stripe's customer portal"
            audit.record_act(
                session, audit.Act("client.method_changed", words, actor="client", subject=("client", client_id))
            )
        evaluation.evaluate(session, client_id)
    return chosen is not None


def bring(transaction: Transaction, gateway: StripeGateway, of: Known, kind: ObjectType, object_id: str | None) -> None:
    """Refresh one object's row from Stripe; nothing without an id."""
    if object_id is not None:
        reconciliation.refresh(transaction, gateway, of.account_id, kind, object_id)


def customers_method(session: Session, link: ClientCustomer) -> str | None:
    found: str | None = session.scalar(
        select(Customer.default_stripe_payment_method_id).where(
            Customer.processor_account_id == link.processor_account_id,
            Customer.stripe_customer_id == link.stripe_customer_id,
        )
    )
    return found
