"""A payment that staff start: a client's open invoice, charged to its payment method without the client."""

from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.client_portal import due_invoices, payments
from billingportal.domain.client_portal.payments import NOT_OPEN
from billingportal.domain.common import audit
from billingportal.domain.common.shown_amounts import Changed, ShownAmount, require_unchanged
from billingportal.domain.entitlements import evaluation
from billingportal.domain.invoices.open_invoices import OpenInvoice
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, SUBSCRIPTION
from billingportal.errors import Refusal
from billingportal.models import Client
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.payment_states import PaymentState

PAID_ALREADY = "had paid already. Nothing was charged."
UNDER_WAY = "A payment of this invoice is on its way at the client's bank. Nothing was charged."
CONFIRM = "The client's bank asks the client to confirm. Send a billing link: the client can confirm and pay there."


def charge_client(
    transaction: Transaction,
    gateway: StripeGateway,
    client_id: int,
    shown: ShownAmount | None,
    attempt: str,
    *,
    staff_id: int,
) -> str:
    """Charge the invoice that was shown, and return the outcome in words. Call it with no transaction open.

    Stripe is asked for the invoice first: it may have been paid, voided or credited since the page was made. `attempt`
    identifies one rendering of the button: a double click charges once. Raises Changed when something else is
    due now, Refusal when the payment fails, and a StripeProblem.
    """
    with transaction() as session:
        due = due_or_refuse(session, client_id, shown)
        known, current = payments.payable_of(due.invoice), due.shown_with(None)
    found = payments.open_as_shown(transaction, gateway, client_id, known, current)
    if found.status == "paid":
        return PAID_ALREADY
    account_id, invoice_id, subscription_id = found.account_id, found.stripe_invoice_id, found.stripe_subscription_id
    refusal = ""
    try:
        gateway.billing_portal.collect_invoice(invoice_id, f"staff-pay-{account_id}-{current.key}-{attempt}")
    except RequestRefused as problem:
        refusal = problem.message
    state = gateway.subscriptions.payment_state(invoice_id)
    reconciliation.refresh(transaction, gateway, account_id, INVOICE, invoice_id)
    if subscription_id is not None:
        reconciliation.refresh(transaction, gateway, account_id, SUBSCRIPTION, subscription_id)
    with transaction() as session:
        is_charged = state.invoice_status == "paid" and not refusal
        words = f"Charged {found.remaining}" if is_charged else f"Tried to charge {found.remaining}"
        act = audit.Act("invoice.charged", words, staff_id=staff_id, subject=("client", client_id))
        audit.record_act(session, act)
        evaluation.evaluate(session, client_id)
    return outcome(state, refusal)


def due_or_refuse(session: Session, client_id: int, shown: ShownAmount | None) -> OpenInvoice:
    """The subscription's open invoice. Raises Changed unless it was shown, and Refusal while a bank works on it."""
    client = session.get_one(Client, client_id)
    link = client_subscriptions.link_of(session, client)
    due = due_invoices.own_due(session, link, client_subscriptions.running_of(session, client))
    if due is None:
        raise Changed(NOT_OPEN)
    require_unchanged(shown, due.shown_with(None))
    if due.standing == "processing":
        raise Refusal("", UNDER_WAY)
    return due


def outcome(state: PaymentState, refusal: str) -> str:
    """The outcome in words for staff. Raises Refusal for a payment that failed."""
    if state.invoice_status == "paid" and refusal:
        return PAID_ALREADY
    if state.invoice_status == "paid":
        return "has paid. Everything works."
    if state.intent == "processing":
        return "pays by a bank debit that is on its way. It may take a few days."
    if state.intent == "requires_action":
        raise Refusal("", CONFIRM)
    raise Refusal("", f"{state.error or refusal} Nothing was charged.")
