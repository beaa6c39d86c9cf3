"""The lines of invoices: read from Stripe, all pages, when an invoice is made and when it is final, and stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common.due_times import is_due
from billingportal.models import Invoice, InvoiceLine, InvoiceLinesRead, ProcessorAccount
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.invoice_lines import InvoiceLineCopy

BATCH = 20
# Another request may succeed where the lines of one invoice cannot be read.
ABOUT_ONE = (RequestRefused, RightMissing, UnreadableObject)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Turn:
    """One attempt to read an invoice's lines: nobody else tries before `until`. `status` is the invoice's before it."""

    invoice_id: int
    stripe_invoice_id: str
    status: str
    began_at: datetime
    until: datetime


def lines_of(session: Session, invoice: Invoice) -> list[InvoiceLine]:
    """The stored lines, in Stripe's order; empty where they were not read yet."""
    found = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(InvoiceLine.position)
    return list(session.scalars(found))


def reading_of(session: Session, invoice: Invoice) -> InvoiceLinesRead | None:
    """When the invoice's lines were read, and whether they are to be read; None: neither."""
    return session.scalar(select(InvoiceLinesRead).where(InvoiceLinesRead.invoice_id == invoice.id))


def has_due() -> ColumnElement[bool]:
    """SQL condition: the lines are to be read now. By the index of the times."""
    return is_due(InvoiceLinesRead.next_attempt_at, now(), LONGEST_PAUSE)


def accounts_with_due(session: Session) -> list[int]:
    """The ids of the connected accounts with an invoice whose lines are to be read now."""
    found = (
        select(Invoice.processor_account_id)
        .distinct()
        .join(InvoiceLinesRead, InvoiceLinesRead.invoice_id == Invoice.id)
        .join(ProcessorAccount, ProcessorAccount.id == Invoice.processor_account_id)
        .where(ProcessorAccount.state == "connected", ProcessorAccount.key_state == "working", has_due())
    )
    return list(session.scalars(found))


def read_due(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Read the lines of the account's invoices that are due. Raises a StripeProblem when Stripe cannot be asked."""
    with transaction() as session:
        due = session.scalars(
            select(Invoice.id)
            .join(InvoiceLinesRead, InvoiceLinesRead.invoice_id == Invoice.id)
            .where(Invoice.processor_account_id == account_id, has_due())
            .order_by(InvoiceLinesRead.next_attempt_at, Invoice.id)
            .limit(BATCH)
        ).all()
    for invoice_id in due:
        read_lines(transaction, gateway, invoice_id)


def read_lines(transaction: Transaction, gateway: StripeGateway, invoice_id: int) -> bool:
    """Read the lines of one invoice, unless that is being tried or was tried a moment ago.

    Returns whether they were read now. Raises a StripeProblem when Stripe cannot be asked.
    """
    with transaction() as session:
        turn = take_turn(session, invoice_id, now())
    if turn is None:
        return False
    try:
        copies = gateway.invoice_lines(turn.stripe_invoice_id)
    except NotThere:
        with transaction() as session:
            end_turn(session, turn)
        return False
    except ABOUT_ONE:
        return False
    with transaction() as session:
        store_lines(session, turn, copies)
    return True


def take_turn(session: Session, invoice_id: int, moment: datetime) -> Turn | None:
    """Reserve the next attempt; None where another one runs, or the last one failed too short a time ago."""
    # The invoice's row is locked first here and where events are applied.
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True)
    row = reading_of(session, invoice)
    if row is None:
        row = InvoiceLinesRead(invoice_id=invoice_id, attempts=0)
        session.add(row)
    elif row.next_attempt_at is not None and moment < row.next_attempt_at < moment + LONGEST_PAUSE:
        return None
    row.attempts += 1
    row.next_attempt_at = moment + min(FIRST_PAUSE * 2 ** min(row.attempts - 1, MOST_ATTEMPTS), LONGEST_PAUSE)
    turn = Turn(invoice_id, invoice.stripe_invoice_id, invoice.status, moment, row.next_attempt_at)
    if row.attempts >= MOST_ATTEMPTS or invoice.deleted_at is not None:
        row.next_attempt_at = None
    return turn if invoice.deleted_at is None else None


def end_turn(session: Session, turn: Turn) -> InvoiceLinesRead:
    """Nothing is to be read any more, unless the invoice changed since the turn began."""
    invoice = session.get_one(Invoice, turn.invoice_id, with_for_update=True)
    row = reading_of(session, invoice)
    if row is None:
        raise LookupError("an attempt without its row")
    if row.next_attempt_at == turn.until:
        row.next_attempt_at = None
    return row


def store_lines(session: Session, turn: Turn, copies: Sequence[InvoiceLineCopy]) -> None:
    """Replace the stored lines, unless an attempt that began later has stored its own."""
    row = end_turn(session, turn)
    if row.read_at is not None and turn.began_at < row.read_at <= now():
        return
    row.of_status, row.read_at, row.attempts = turn.status, turn.began_at, 0
    session.execute(delete(InvoiceLine).where(InvoiceLine.invoice_id == turn.invoice_id))
    session.add_all(
        InvoiceLine(invoice_id=turn.invoice_id, position=position, **asdict(copy))
        for position, copy in enumerate(copies)
    )


def judge_lines(
    session: Session, invoice: Invoice, copies: Sequence[InvoiceLineCopy], asked_at: datetime
) -> tuple[bool, bool]:
    """Of lines that a list of Stripe's showed: whether they are the first, and whether they differ from the stored
    ones. Neither where later ones are stored."""
    row = reading_of(session, invoice)
    if row is None or row.read_at is None:
        return True, False
    if asked_at < row.read_at <= now():
        return False, False
    names = tuple(InvoiceLineCopy.__dataclass_fields__)
    stored = [tuple(getattr(line, name) for name in names) for line in lines_of(session, invoice)]
    return False, stored != [tuple(getattr(copy, name) for name in names) for copy in copies]


def store_listed(session: Session, invoice: Invoice, copies: Sequence[InvoiceLineCopy], asked_at: datetime) -> None:
    """Replace the stored lines by those that a list of Stripe's showed, which was asked for at a time."""
    row = reading_of(session, invoice)
    if row is None:
        row = InvoiceLinesRead(invoice_id=invoice.id, attempts=0)
        session.add(row)
        session.flush()
    until = row.next_attempt_at or asked_at
    store_lines(session, Turn(invoice.id, invoice.stripe_invoice_id, invoice.status, asked_at, until), copies)
