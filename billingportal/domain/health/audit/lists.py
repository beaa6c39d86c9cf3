"""What an audit reads: the lists at Stripe, and which stored rows must be in them."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, true

from billingportal.domain.sync.object_types import (
    CHECKOUT_SESSION,
    CUSTOMER,
    INVOICE,
    INVOICE_PAYMENT,
    METER,
    PRICE,
    PRODUCT,
    SUBSCRIPTION,
    SUBSCRIPTION_SCHEDULE,
    ObjectType,
)
from billingportal.models import CheckoutSession, Invoice, InvoicePayment
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.listings import WALKS, Walk

# In the order of the lists.
AUDITED: tuple[ObjectType, ...] = (
    PRODUCT,
    METER,
    PRICE,
    CUSTOMER,
    SUBSCRIPTION,
    SUBSCRIPTION_SCHEDULE,
    INVOICE,
    INVOICE_PAYMENT,
    CHECKOUT_SESSION,
)
# The objects of one client. Its customer has no list of its own and is fetched.
OF_CLIENT = (SUBSCRIPTION, SUBSCRIPTION_SCHEDULE, INVOICE, CHECKOUT_SESSION)
# Last month's invoices: those that were made within it.
RECENT = timedelta(days=35)
# Their lists are read as catch-up reads them, all of it.
WHOLE_LISTS = frozenset(kind.name for kind in (PRODUCT, METER, PRICE, CUSTOMER, SUBSCRIPTION, SUBSCRIPTION_SCHEDULE))
NOT_FINAL = ("draft", "open")


def lists_of(started_at: datetime, stripe_customer_id: str | None = None) -> dict[str, Walk]:
    """The lists in their order, by name; with a customer only those of its objects.

    Stripe's lists of subscriptions leave canceled ones out unless asked, those of products and prices archived ones.
    """
    since = int((started_at - RECENT).timestamp())
    recent: JsonObject = {"created": {"gte": since}}
    older: JsonObject = {"created": {"lt": since}}
    found = {
        **{name: walk for name, walk in WALKS.items() if walk.kind in WHOLE_LISTS},
        "recent invoices": Walk(INVOICE.name, "/v1/invoices", recent, has_lines=True),
        "older open invoices": Walk(INVOICE.name, "/v1/invoices", {**older, "status": "open"}, has_lines=True),
        "older drafts": Walk(INVOICE.name, "/v1/invoices", {**older, "status": "draft"}, has_lines=True),
        "recent payments": Walk(INVOICE_PAYMENT.name, "/v1/invoice_payments", {**recent, "status": "paid"}),
        "open checkouts": Walk(CHECKOUT_SESSION.name, "/v1/checkout/sessions", {"status": "open"}),
    }
    if stripe_customer_id is None:
        return found
    mine: JsonObject = {"customer": stripe_customer_id}
    return {
        name: Walk(walk.kind, walk.path, {**walk.filters, **mine}, has_lines=walk.has_lines)
        for name, walk in found.items()
        if walk.kind in {kind.name for kind in OF_CLIENT}
    }


def must_be_listed(kind: ObjectType, started_at: datetime) -> ColumnElement[bool]:
    """SQL condition: an undeleted row of this type is in one of the lists, if its state is still the present one."""
    is_there = kind.table.c.deleted_at.is_(None)
    if kind is INVOICE:
        is_read = or_(Invoice.created_at >= started_at - RECENT, Invoice.status.in_(NOT_FINAL))
        return and_(is_there, is_read)
    if kind is INVOICE_PAYMENT:
        return and_(is_there, InvoicePayment.created_at >= started_at - RECENT, InvoicePayment.status == "paid")
    if kind is CHECKOUT_SESSION:
        return and_(is_there, CheckoutSession.status == "open")
    return and_(is_there, true())
