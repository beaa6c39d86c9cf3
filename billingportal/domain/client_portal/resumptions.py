"""Resumes a subscription that paused when its trial ended without a card: its invoice is charged now."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.client_portal import payments
from billingportal.domain.client_portal.payments import Payment
from billingportal.domain.clients import clients
from billingportal.domain.common.shown_amounts import ShownAmount, require_unchanged
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.plan_changes.quotes import ImmediateCharge, immediate_charge
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import INVOICE, SUBSCRIPTION
from billingportal.errors import Refusal
from billingportal.models import Client, Invoice, Subscription
from billingportal.stripe_gateway.errors import RequestRefused
from billingportal.stripe_gateway.gateway import StripeGateway

NOT_PAUSED = "The plan is not paused any more. Nothing was charged."


def resumption_charge(transaction: Transaction, gateway: StripeGateway, client_id: int) -> ImmediateCharge:
    """What resuming now charges. Call it with no transaction open. Raises Refusal, StripeProblem."""
    with transaction() as session:
        present = paused_or_refuse(session, client_id)
    invoice = gateway.subscriptions.preview_resumption(present.stripe_subscription_id)
    with transaction() as session:
        return immediate_charge(session, session.get_one(Client, client_id), present, invoice)


def paused_or_refuse(session: Session, client_id: int) -> PresentPlan:
    present = present_plan(session, clients.lock_client(session, client_id))
    if present is None or present.status != "paused":
        raise Refusal("", NOT_PAUSED)
    return present


def resume(
    transaction: Transaction, gateway: StripeGateway, client_id: int, shown: ShownAmount | None, attempt: str
) -> Payment:
    """Resume for the amount that was shown. `attempt` identifies one rendering of the button: a double click pays once.

    Call it with no transaction open. Raises Changed when another amount or card would be charged, Refusal, and a
    StripeProblem when Stripe does not answer.
    """
    current = resumption_charge(transaction, gateway, client_id).shown
    require_unchanged(shown, current)
    with transaction() as session:
        present = paused_or_refuse(session, client_id)
        before = latest_invoice_id(session, present)
    refusal = ""
    try:
        key = f"resume-{present.account_id}-{current.key}-{attempt}"
        gateway.billing_portal.resume_subscription(present.stripe_subscription_id, key)
    except RequestRefused as problem:
        refusal = problem.message
    reconciliation.refresh(transaction, gateway, present.account_id, SUBSCRIPTION, present.stripe_subscription_id)
    with transaction() as session:
        invoice_id = latest_invoice_id(session, present)
    if invoice_id is None or invoice_id == before:
        return Payment("declined", refusal)
    reconciliation.refresh(transaction, gateway, present.account_id, INVOICE, invoice_id)
    with transaction() as session:
        made = payments.payable_of(invoice_row(session, present.account_id, invoice_id))
    return payments.outcome_of(transaction, gateway, client_id, made, refusal)


def latest_invoice_id(session: Session, present: PresentPlan) -> str | None:
    found: str | None = session.scalar(
        select(Subscription.latest_stripe_invoice_id).where(
            Subscription.processor_account_id == present.account_id,
            Subscription.stripe_subscription_id == present.stripe_subscription_id,
        )
    )
    return found


def invoice_row(session: Session, account_id: int, invoice_id: str) -> Invoice:
    return session.scalars(
        select(Invoice).where(Invoice.processor_account_id == account_id, Invoice.stripe_invoice_id == invoice_id)
    ).one()
