"""What the page of an explained invoice shows, for staff and for the client."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billingportal.db import db, transaction
from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices import lines
from billingportal.domain.invoices.client_invoices import status_of
from billingportal.domain.invoices.payment_attempts import attempts_of
from billingportal.domain.invoices.replacements import replacement_of
from billingportal.domain.metering.explanation import ExplainedLine, Explanation, explain
from billingportal.domain.subscriptions import client_clock
from billingportal.errors import Refusal
from billingportal.models import Client, Invoice, ProcessorAccount
from billingportal.money import Money
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.web.common.rendering import explained_line
from billingportal.web.common.rendering.explained_line import Step
from billingportal.web.common.rendering.series import Series
from billingportal.web.common.rendering.usage_charts import Course, chart_words, usage_chart
from billingportal.web.common.stripe_access import stripe_of

MOST_CARDS = 25


@dataclass(frozen=True)
class ShownLine:
    """A line with its words and its chart. `units`: what is counted. `bought`: the quantity of a licensed price."""

    line: ExplainedLine
    dates: str
    paid: str
    price: str
    units: str
    bought: str
    steps: list[Step]
    chart: Series | None
    chart_words: str


@dataclass(frozen=True)
class ShownInvoice:
    """`is_unread`: the lines are not here yet, and Stripe could not be asked now."""

    client: Client
    invoice: Invoice
    explanation: Explanation
    lines: list[ShownLine]
    status: StatusText
    moment: datetime
    is_unread: bool
    replaced_by: Invoice | None

    @property
    def cards(self) -> list[ShownLine]:
        """The lines that have a card of their own. Of hundreds of lines the plain amounts stand in the total only."""
        if len(self.lines) <= MOST_CARDS:
            return self.lines
        return [line for line in self.lines if line.line.block.kind in ("usage", "licensed", "trial")]

    @property
    def has_use(self) -> bool:
        return any(line.line.block.kind == "usage" for line in self.lines)

    @property
    def total(self) -> Money:
        return Money(self.invoice.total_minor, self.invoice.currency)

    @property
    def dated_at(self) -> datetime:
        return self.invoice.finalized_at or self.invoice.created_at

    @property
    def from_balance(self) -> Money:
        """What the customer's balance pays (or, below zero, adds). Known once the invoice is final."""
        is_final = self.invoice.status in ("open", "paid", "uncollectible")
        minor = self.invoice.total_minor - self.invoice.amount_due_minor if is_final else 0
        return Money(minor, self.invoice.currency)


def shown_invoice(client: Client, invoice: Invoice, whose: str) -> ShownInvoice:
    """The page of an invoice of this client. Its lines are read from Stripe where they never were.

    `whose` names the client in the words of charts. The number of queries depends on the invoice's metered prices.
    """
    read_if_never_read(invoice)
    session = db.session()
    moment = client_clock.moment_of(session, client)
    found = explain(session, invoice)
    reading = lines.reading_of(session, invoice)
    attempts = attempts_of(session, invoice.processor_account_id, [invoice.stripe_invoice_id])
    return ShownInvoice(
        client,
        invoice,
        found,
        [shown_line(line, moment, whose) for line in found.lines],
        status_of(invoice, moment, attempts.get(invoice.stripe_invoice_id)),
        moment,
        is_unread=reading is None or reading.read_at is None,
        replaced_by=replacement_of(session, invoice) if invoice.status == "void" else None,
    )


def read_if_never_read(invoice: Invoice) -> None:
    """One attempt; the next one is made by the worker, or by whoever opens the page a minute later."""
    reading = lines.reading_of(db.session(), invoice)
    if invoice.deleted_at is not None or (reading is not None and reading.read_at is not None):
        return
    invoice_id = invoice.id
    account = db.session().get_one(ProcessorAccount, invoice.processor_account_id)
    try:
        lines.read_lines(transaction, stripe_of(account).gateway, invoice_id)
    except (StripeProblem, Refusal):
        return


def shown_line(line: ExplainedLine, moment: datetime, whose: str) -> ShownLine:
    course = course_of(line, moment)
    return ShownLine(
        line,
        explained_line.line_dates(line),
        explained_line.PAID[line.block.kind],
        explained_line.price_text(line),
        explained_line.units_of(line),
        explained_line.bought(line),
        list(explained_line.steps(line)),
        usage_chart(course) if course else None,
        chart_words(course, whose) if course else "",
    )


def course_of(line: ExplainedLine, moment: datetime) -> Course | None:
    """The days behind the line; nothing is projected, so today is no day of them."""
    if line.use is None or not line.use.total:
        return None
    return Course(line.use.resource, line.use.span, line.use.days, moment.date() + timedelta(days=1))
