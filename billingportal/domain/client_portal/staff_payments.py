"""A payment that staff start: a client's open invoice, charged to its payment method without the client."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.common import audit
from billingportal.domain.entitlements import evaluation
from billingportal.domain.invoices import client_invoices, payments_under_way
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, SUBSCRIPTION
from billingportal.errors import Refusal
from billingportal.models import Client, Invoice
from billingportal.money import Money
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.subscriptions import PaymentState

CHANGED = "What is due has changed since you opened the page. Look again."
UNDER_WAY = "A payment of this invoice is on its way at the client's bank. Nothing was charged."
CONFIRM = "The client's bank asks the client to confirm. Send a billing link: the client can confirm and pay there."


@dataclass(frozen=True)
class ShownInvoice:
    """The invoice and its amount that the button named. `token` is that of the page: a double click pays once."""

    stripe_invoice_id: str
    amount: Money
    token: str


def charge_client(
    transaction: Transaction, gateway: StripeGateway, client_id: int, shown: ShownInvoice, *, staff_id: int
) -> str:
    """Charge the invoice that was shown, and return the outcome in words. Call it with no transaction open.

    Raises Refusal when something else is due now, or when the payment fails; and a StripeProblem.
    """
    with transaction() as session:
        due = due_or_refuse(session, client_id, shown)
        account_id, subscription_id = due.processor_account_id, due.stripe_subscription_id
    refusal = ""
    try:
        key = f"staff-pay-{account_id}-{shown.stripe_invoice_id}-{shown.amount.minor}-{shown.token}"
        gateway.billing_portal.collect_invoice(shown.stripe_invoice_id, key)
    except RequestRefused as problem:
        refusal = problem.message
    state = gateway.subscriptions.payment_state(shown.stripe_invoice_id)
    reconciliation.refresh(transaction, gateway, account_id, INVOICE, shown.stripe_invoice_id)
    if subscription_id is not None:
        reconciliation.refresh(transaction, gateway, account_id, SUBSCRIPTION, subscription_id)
    with transaction() as session:
        words = f"Charged {shown.amount}" if state.invoice_status == "paid" else f"Tried to charge {shown.amount}"
        act = audit.Act("invoice.charged", words, staff_id=staff_id, subject=("client", client_id))
        audit.record_act(session, act)
        evaluation.evaluate(session, client_id)
    return outcome(state, refusal)


def due_or_refuse(session: Session, client_id: int, shown: ShownInvoice) -> Invoice:
    """The invoice that was shown, if it is still what is due. Raises Refusal."""
    client = session.get_one(Client, client_id)
    link = client_subscriptions.link_of(session, client)
    due = client_invoices.due_invoice(session, link, client_subscriptions.running_of(session, client))
    if due is None or (due.stripe_invoice_id, Money(due.amount_remaining_minor, due.currency)) != (
        shown.stripe_invoice_id,
        shown.amount,
    ):
        raise Refusal("", CHANGED)
    if due.stripe_invoice_id in payments_under_way.invoices_under_way(session, link):
        raise Refusal("", UNDER_WAY)
    return due


def outcome(state: PaymentState, refusal: str) -> str:
    """The outcome in words for staff. Raises Refusal for a payment that failed."""
    if state.invoice_status == "paid":
        return "has paid. Everything works."
    if state.intent == "processing":
        return "pays by a bank debit that is on its way. It may take a few days."
    if state.intent == "requires_action":
        raise Refusal("", CONFIRM)
    raise Refusal("", f"{state.error or refusal} Nothing was charged.")
