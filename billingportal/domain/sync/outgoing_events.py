"""Tells the host platform about clients' subscriptions and invoices, in the transaction that stores their state.

Snapshots of an object come in any order and more than once; a message is written where the stored state changes.
"""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import bindparam, exists, select

from billingportal.db import Database
from billingportal.domain.outgoing_webhooks.client_events import client_names
from billingportal.domain.outgoing_webhooks.event_types import (
    INVOICE_PAID,
    INVOICE_PAYMENT_FAILED,
    SUBSCRIPTION_CHANGED,
)
from billingportal.domain.outgoing_webhooks.events import record_event, rfc3339, rfc3339_or_none
from billingportal.domain.sync import mirror_rows
from billingportal.domain.sync.object_types import INVOICE
from billingportal.domain.sync.ordering import StoredState
from billingportal.models import Client, ClientCustomer, OutgoingEndpoint, ProcessorAccount
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.copies import InvoiceCopy, SubscriptionCopy

# One quick statement where no endpoint is set up: events of Stripe's come by the thousand.
FIND_CLIENT = (
    select(Client.id, Client.external_id, ProcessorAccount.mode, ClientCustomer.linked_at)
    .join(ClientCustomer, ClientCustomer.client_id == Client.id)
    .join(ProcessorAccount, ProcessorAccount.id == ClientCustomer.processor_account_id)
    .where(
        ClientCustomer.processor_account_id == bindparam("account_id"),
        ClientCustomer.stripe_customer_id == bindparam("customer_id"),
        exists().where(OutgoingEndpoint.mode == ProcessorAccount.mode, OutgoingEndpoint.deleted_at.is_(None)),
    )
)
# What a first reading finds from before the customer was linked is history. Stripe's clock may differ from ours.
MARGIN = timedelta(days=1)


def record_change(database: Database, account_id: int, old: StoredState | None, new: StoredState) -> None:
    """Write the message of a changed row of Stripe's, if it is one for the host platform."""
    was = old.copy if old else None
    if isinstance(new.copy, InvoiceCopy):
        is_paid = new.copy.status == "paid" and not (isinstance(was, InvoiceCopy) and was.status == "paid")
        if is_paid:
            history_of = new.copy.paid_at or new.copy.created_at if was is None else None
            record_invoice(database, account_id, INVOICE_PAID, new.copy, history_of)
    elif isinstance(new.copy, SubscriptionCopy):
        before = subscription_data(was) if isinstance(was, SubscriptionCopy) else None
        if before != subscription_data(new.copy):
            record_subscription(database, account_id, new.copy, new.copy.created_at if was is None else None)


def record_failed_payment(database: Database, account_id: int, event_type: str, object_id: str | None) -> None:
    """Write the message of an event `invoice.payment_failed`, once its invoice's row is up to date.

    The invoice itself does not tell: `attempt_count` grows while a debit is under way, too, and not for a manual
    attempt after the first. A failure that is over, since the invoice was paid or voided meanwhile, is not told.
    """
    if event_type != INVOICE_PAYMENT_FAILED or object_id is None:
        return
    row = mirror_rows.read_row(database, INVOICE, account_id, object_id)
    invoice = cast(InvoiceCopy, row[1].copy) if row else None
    if invoice is not None and invoice.status in ("open", "uncollectible"):
        record_invoice(database, account_id, INVOICE_PAYMENT_FAILED, invoice, None)


def record_invoice(
    database: Database, account_id: int, event_type: str, invoice: InvoiceCopy, history_of: datetime | None
) -> None:
    data = invoice_data(invoice)
    record(database, account_id, invoice.stripe_customer_id, event_type, data, history_of, invoice.number or "")


def record_subscription(
    database: Database, account_id: int, subscription: SubscriptionCopy, history_of: datetime | None
) -> None:
    data = subscription_data(subscription)
    record(database, account_id, subscription.stripe_customer_id, SUBSCRIPTION_CHANGED, data, history_of)


def record(
    database: Database,
    account_id: int,
    customer_id: str | None,
    event_type: str,
    data: JsonObject,
    history_of: datetime | None,
    about: str = "",
) -> None:
    """Write the message for the customer's client. `history_of`: when it happened, where it may be long ago."""
    row = database.execute(FIND_CLIENT, {"account_id": account_id, "customer_id": customer_id}).first()
    if row is None or (history_of is not None and history_of < row.linked_at - MARGIN):
        return
    whole = {**client_names(row.id, row.external_id), **data}
    record_event(database, row.mode, event_type, row.id, whole, about=about)


def subscription_data(subscription: SubscriptionCopy) -> JsonObject:
    """What the host platform is told of a subscription, with Stripe's own ids and statuses."""
    return {
        "subscription": subscription.stripe_subscription_id,
        "status": subscription.status,
        "currency": subscription.currency,
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "cancels_at": rfc3339_or_none(subscription.cancels_at),
        "ended_at": rfc3339_or_none(subscription.ended_at),
        "trial_ends_at": rfc3339_or_none(subscription.trial_ends_at),
        "is_collection_paused": subscription.is_collection_paused,
        "items": [
            {
                "price": item.stripe_price_id,
                "product": item.stripe_product_id,
                "quantity": item.quantity,
                "period_started_at": rfc3339(item.period_started_at),
                "period_ends_at": rfc3339(item.period_ends_at),
            }
            for item in subscription.items
        ],
    }


def invoice_data(invoice: InvoiceCopy) -> JsonObject:
    """What the host platform is told of an invoice. Amounts in minor units of its currency."""
    return {
        "invoice": invoice.stripe_invoice_id,
        "number": invoice.number,
        "status": invoice.status,
        "subscription": invoice.stripe_subscription_id,
        "currency": invoice.currency,
        "total_minor": invoice.total_minor,
        "amount_due_minor": invoice.amount_due_minor,
        "amount_paid_minor": invoice.amount_paid_minor,
        "amount_remaining_minor": invoice.amount_remaining_minor,
        "attempt_count": invoice.attempt_count,
        "next_attempt_at": rfc3339_or_none(invoice.next_attempt_at),
        "due_at": rfc3339_or_none(invoice.due_at),
        "paid_at": rfc3339_or_none(invoice.paid_at),
    }
