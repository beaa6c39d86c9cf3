"""Sentences of the page of an explained invoice."""

from collections.abc import Callable

from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.metering.explained.late_use import LateUse
from billingportal.models.metering.meter_event import MeterEventState
from billingportal.money import Money
from billingportal.web.common.rendering.explained_invoice import ShownInvoice
from billingportal.web.common.rendering.explained_line import number
from billingportal.web.common.rendering.periods import day_words

LATE: dict[MeterEventState, str] = {
    "too_late": "came too late: the invoice was final. They can still be billed on the next one",
    "rejected": "were rejected by Stripe",
    "let_go": "came too late, and your team decided not to bill them",
    "in_doubt": "may be missing at Stripe: it never answered",
    "waiting": "wait for a customer at Stripe",
    "due": "are not sent to Stripe yet",
}


def subtitle(shown: ShownInvoice) -> str:
    """ "Invoice NW-0042 · Harbor Dental · 14 November 2026 · paid"."""
    invoice = shown.invoice
    status = "deleted" if invoice.deleted_at else "draft" if invoice.status == "draft" else shown.status.words
    parts = (f"Invoice {invoice.number}" if invoice.number else "Invoice", shown.client.name, day(shown.dated_at))
    return " · ".join((*parts, status[0].lower() + status[1:]))


def total_label(shown: ShownInvoice) -> str:
    """The row of the total says what became of it."""
    invoice = shown.invoice
    if invoice.status == "paid" and invoice.paid_at is not None and invoice.total_minor:
        return f"Paid on {day(invoice.paid_at)}"
    if invoice.status == "open" and invoice.due_at is not None:
        return f"To be paid by {day(invoice.due_at)}"
    return "Total so far" if invoice.status == "draft" else "Total"


def verdict_text(shown: ShownInvoice) -> str:
    """Less or more than was used, in one sentence."""
    difference = shown.explanation.difference
    if not difference.minor:
        return "Stripe charged what was used in all, but not line by line"
    word = "less" if difference.minor > 0 else "more"
    amount = Money(abs(difference.minor), difference.currency)
    if shown.invoice.status == "draft":
        return f"Stripe's draft has {amount} {word} than was used"
    return f"Stripe charged {amount} {word} than was used"


def late_text(late: LateUse, units: str) -> str:
    """Which units are not on the invoice, and why."""
    days = day_words(late.first_on)
    if late.last_on != late.first_on:
        days = f"{days} to {day_words(late.last_on)}"
    why = "were billed afterwards, as an invoice item" if late.is_billed else LATE[late.state]
    if late.units < 0:
        return f"A correction of {counted(-late.units, units)} of {days} is not on this invoice: it {why}."
    return f"{counted(late.units, units)} of {days} {why}."


def negative(amount: Money) -> Money:
    return Money(-amount.minor, amount.currency)


# What the templates call.
WORDS: dict[str, Callable[..., object]] = {
    "subtitle": subtitle,
    "total_label": total_label,
    "verdict_text": verdict_text,
    "late_text": late_text,
    "negative": negative,
    "number_text": number,
}
