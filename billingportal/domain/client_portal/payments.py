"""Pays an open invoice with the client present: exactly the amount that the button said, or nothing.

Every function waits for Stripe: call it with no transaction open.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.client_portal import due_invoices
from billingportal.domain.common import audit
from billingportal.domain.common.shown_amounts import Changed, ShownAmount, refuse_amount
from billingportal.domain.entitlements import evaluation
from billingportal.domain.invoices import payment_attempts
from billingportal.domain.invoices.client_invoices import is_shown
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, SUBSCRIPTION
from billingportal.models import Client, ClientCustomer, Invoice, PaymentMethod
from billingportal.money import Money
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway

OUT_OF_DATE = "This page is out of date. Look again."
NOT_OPEN = "This invoice is not open any more. Look again."
NO_METHOD = "The payment method was removed meanwhile. Look again."


@dataclass(frozen=True)
class Payment:
    """The outcome of a payment. `confirm`: the client must authenticate it on the invoice's page at Stripe."""

    outcome: Literal["paid", "on_its_way", "confirm", "declined", "paid_already"]
    words: str = ""
    page_url: str | None = None


@dataclass(frozen=True)
class Payable:
    """A client's invoice as it is stored. `is_owed_draft`: paying it brings an unpaid subscription back."""

    account_id: int
    stripe_invoice_id: str
    stripe_subscription_id: str | None
    status: str
    remaining: Money
    revision: int
    is_owed_draft: bool = False


def pay(
    transaction: Transaction, gateway: StripeGateway, client_id: int, shown: ShownAmount | None, attempt: str
) -> Payment:
    """Pay the invoice that was shown. `attempt` identifies one rendering of the button: a double click pays once.

    Stripe is asked for the invoice first: it may have been paid, voided or credited since the page was made. A draft is
    finalized first: an unpaid subscription's renewals stay drafts until somebody does. Raises Changed, and a
    StripeProblem when Stripe does not answer.
    """
    with transaction() as session:
        known = find_payable(session, client_id, shown)
    if shown is None or known is None:
        raise Changed(OUT_OF_DATE)
    found = open_as_shown(transaction, gateway, client_id, known, shown)
    if found.status == "paid":
        return Payment("paid_already")
    refusal = ""
    try:
        key = f"pay-{found.account_id}-{shown.key}-{attempt}"
        gateway.billing_portal.pay_invoice(found.stripe_invoice_id, shown.method_id, key)
    except RequestRefused as problem:
        refusal = problem.message
    return outcome_of(transaction, gateway, client_id, found, refusal)


def open_as_shown(
    transaction: Transaction, gateway: StripeGateway, client_id: int, known: Payable, shown: ShownAmount
) -> Payable:
    """The invoice as Stripe has it now: paid, or open with the amount that was shown. Raises Changed otherwise.

    A draft of that amount is finalized. Credit or debt of the customer may change it then: it is compared again.
    """
    found = refreshed(transaction, gateway, client_id, known, shown)
    if found is not None and found.is_owed_draft and found.remaining == shown.amount:
        gateway.billing_portal.finalize_invoice(shown.stripe_id, f"finalize-{found.account_id}-{shown.stripe_id}")
        found = refreshed(transaction, gateway, client_id, found, shown)
    if found is None or found.status not in ("open", "draft", "paid"):
        raise Changed(NOT_OPEN)
    if found.status != "paid" and found.remaining != shown.amount:
        refuse_amount(found.remaining)
    if found.status == "paid" and found.stripe_subscription_id is not None:
        reconciliation.refresh(transaction, gateway, found.account_id, SUBSCRIPTION, found.stripe_subscription_id)
        with transaction() as session:
            evaluation.evaluate(session, client_id)
    return found


def refreshed(
    transaction: Transaction, gateway: StripeGateway, client_id: int, known: Payable, shown: ShownAmount
) -> Payable | None:
    """The invoice as Stripe has it now."""
    reconciliation.refresh(transaction, gateway, known.account_id, INVOICE, known.stripe_invoice_id)
    with transaction() as session:
        evaluation.evaluate(session, client_id)
        return find_payable(session, client_id, shown)


def find_payable(session: Session, client_id: int, shown: ShownAmount | None) -> Payable | None:
    """The client's invoice that was shown. Raises Changed where the payment method shown is not the client's."""
    client = session.get_one(Client, client_id)
    link = client_subscriptions.link_of(session, client)
    if shown is None or link is None:
        return None
    own = due_invoices.own_due(session, link, client_subscriptions.running_of(session, client))
    is_owed = Invoice.id == (own.invoice.id if own else None)
    wanted = select(Invoice).where(or_(is_shown(link), is_owed), Invoice.stripe_invoice_id == shown.stripe_id)
    row = session.scalar(wanted)
    if row is None:
        return None
    if shown.method_id and not has_method(session, link, shown.method_id):
        raise Changed(NO_METHOD)
    return payable_of(row)


def payable_of(row: Invoice) -> Payable:
    return Payable(
        row.processor_account_id,
        row.stripe_invoice_id,
        row.stripe_subscription_id,
        row.status,
        Money(row.amount_remaining_minor, row.currency),
        row.revision,
        is_owed_draft=row.status == "draft",
    )


def has_method(session: Session, link: ClientCustomer, method_id: str) -> bool:
    """Whether the payment method is attached to the customer."""
    found = select(PaymentMethod.id).where(
        PaymentMethod.processor_account_id == link.processor_account_id,
        PaymentMethod.stripe_customer_id == link.stripe_customer_id,
        PaymentMethod.stripe_payment_method_id == method_id,
        PaymentMethod.deleted_at.is_(None),
    )
    return session.scalar(found) is not None


def outcome_of(
    transaction: Transaction, gateway: StripeGateway, client_id: int, paid: Payable, refusal: str
) -> Payment:
    """Refresh the rows and the entitlement after an attempt to pay the invoice, and return its outcome."""
    account_id, invoice_id = paid.account_id, paid.stripe_invoice_id
    reconciliation.refresh(transaction, gateway, account_id, INVOICE, invoice_id)
    with transaction() as session:
        revision = session.scalar(
            select(Invoice.revision).where(
                Invoice.processor_account_id == account_id, Invoice.stripe_invoice_id == invoice_id
            )
        )
    state = gateway.subscriptions.payment_state(invoice_id)
    if paid.stripe_subscription_id is not None:
        reconciliation.refresh(transaction, gateway, account_id, SUBSCRIPTION, paid.stripe_subscription_id)
    with transaction() as session:
        payment_attempts.store_attempt(session, account_id, invoice_id, revision or paid.revision, state)
        if state.invoice_status == "paid" and not refusal:
            act = audit.Act("invoice.paid_now", f"Paid {paid.remaining}", actor="client", subject=("client", client_id))
            audit.record_act(session, act)
        evaluation.evaluate(session, client_id)
    if state.invoice_status == "paid":
        return Payment("paid_already" if refusal else "paid")
    if state.intent == "processing":
        return Payment("on_its_way")
    if state.intent == "requires_action":
        return Payment("confirm", page_url=state.hosted_invoice_url)
    return Payment("declined", state.error or refusal, state.hosted_invoice_url)
