"""Drafts that are not charged: old ones, and those that Stripe refused to finalize."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.dates import day
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.invoices.client_invoices import of_clients, page_of, subject_of
from billingportal.domain.health.findings.stored import MOST, stored
from billingportal.models import Client, Customer, Invoice, ProcessorAccount, StripeEvent
from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.money import Money

OLD, FAILED = "invoice.draft_old", "invoice.finalization_failed"
# Stripe finalizes a draft after an hour, and after 72 hours at the latest where a webhook does not answer.
# [Using webhooks with subscriptions]
OLDEST = timedelta(days=3)
# Stripe's event.
FINALIZATION_FAILED = "invoice.finalization_failed"


def check_drafts(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck while the account has not been read."""
    with surroundings.reading() as session:
        found = stored(session, mode)
        if found is None:
            return Result((), now())
        rows = session.execute(stuck_drafts(found.account)).all()
        refused = refused_ids(session, found.account, [invoice for _, invoice in rows])
        drafts = (
            of_draft(client, invoice, mode, is_refused=invoice.stripe_invoice_id in refused) for client, invoice in rows
        )
        return Result(tuple(drafts), found.as_of)


def stuck_drafts(account: ProcessorAccount) -> Select[Client, Invoice]:
    """Drafts that Stripe refused to finalize, and old ones. The time of a test clock says nothing about an age."""
    is_refused = exists().where(
        StripeEvent.processor_account_id == Invoice.processor_account_id,
        StripeEvent.object_id == Invoice.stripe_invoice_id,
        StripeEvent.type == FINALIZATION_FAILED,
    )
    is_on_clock = exists().where(
        Customer.processor_account_id == Invoice.processor_account_id,
        Customer.stripe_customer_id == Invoice.stripe_customer_id,
        Customer.stripe_test_clock_id.is_not(None),
    )
    is_old = (Invoice.created_at < now() - OLDEST) & ~is_on_clock
    wanted = of_clients(account).where(Invoice.status == "draft", or_(is_refused, is_old))
    return wanted.order_by(Invoice.id).limit(MOST)


def refused_ids(session: Session, account: ProcessorAccount, invoices: Sequence[Invoice]) -> set[str]:
    rows = session.scalars(
        select(StripeEvent.object_id).where(
            StripeEvent.processor_account_id == account.id,
            StripeEvent.type == FINALIZATION_FAILED,
            StripeEvent.object_id.in_([one.stripe_invoice_id for one in invoices]),
        )
    )
    return {one for one in rows if one is not None}


def of_draft(client: Client, invoice: Invoice, mode: Mode, *, is_refused: bool) -> Found:
    amount = Money(invoice.total_minor, invoice.currency)
    if is_refused:
        title = f"Stripe cannot finalize an invoice of {client.name}"
        meaning = f"{amount} is not charged. Stripe says on the invoice what it lacks, often an address for tax."
    else:
        title = f"An invoice of {client.name} is a draft since {day(invoice.created_at)}"
        meaning = f"{amount} is not charged until somebody finalizes it in Stripe."
    action = Action("Look at the invoice", "page", "invoice", page_of(client, invoice))
    return Found(FAILED if is_refused else OLD, title, meaning, action, subject_of(invoice), mode)


CHECKS = tuple(
    Check(
        f"invoice_drafts.{mode}",
        "No invoice waits uncharged",
        "invoices",
        (OLD, FAILED),
        300,
        partial(check_drafts, mode=mode),
        mode,
    )
    for mode in MODES
)
