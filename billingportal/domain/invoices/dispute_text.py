"""Disputes and refunds in words. Pure: rows in, words out."""

from collections.abc import Iterable, Sequence

from billingportal.domain.common.dates import day
from billingportal.domain.common.status_text import StatusText
from billingportal.models import Dispute, Refund
from billingportal.money import Money

ANSWER_WANTED = ("needs_response", "warning_needs_response")
WHY_FAILED = {
    "lost_or_stolen_card": "the card was reported lost or stolen",
    "expired_or_canceled_card": "the card has expired or was canceled",
    "charge_for_pending_refund_disputed": "the payment is disputed",
    "insufficient_funds": "your balance at Stripe is too low",
    "declined": "the bank declined it",
    "merchant_request": "it was withdrawn",
}


def about(told: StatusText, invoice_number: str | None) -> StatusText:
    """The text with the invoice's number in front."""
    return told.saying(f"{invoice_number or 'An invoice'}: {told.words}")


def dispute_words(disputes: Iterable[Dispute]) -> list[StatusText]:
    return [of_dispute(dispute) for dispute in disputes]


def of_dispute(dispute: Dispute) -> StatusText:
    if dispute.status in ANSWER_WANTED:
        until = f" by {day(dispute.answer_due_at)}" if dispute.answer_due_at else ""
        return StatusText("disputed", "bad", f"Disputed: the bank asks, answer in Stripe{until}")
    if dispute.status in ("under_review", "warning_under_review"):
        return StatusText("disputed", "warn", "Disputed: the bank looks at your answer")
    if dispute.status == "lost":
        amount = Money(dispute.amount_minor, dispute.currency)
        return StatusText("disputed", "bad", f"Dispute lost: the bank gave {amount} back")
    return StatusText("disputed", "mute", "Dispute won" if dispute.status == "won" else "Dispute closed")


def refund_words(paid: Money | None, refunds: Sequence[Refund]) -> list[StatusText]:
    """The refunds of one invoice in words. A failed one no longer matters once everything was refunded."""
    if not refunds:
        return []
    currency = refunds[0].currency
    given = Money(total(refunds, "succeeded"), currency)
    under_way = Money(total(refunds, "pending", "requires_action"), currency)
    told: list[StatusText] = []
    if given.minor and (paid is None or given.minor >= paid.minor):
        return [StatusText("refunded", "mute", "Refunded in full")]
    if given.minor:
        told.append(StatusText("refunded", "info", f"Refunded {given} of {paid}"))
    if under_way.minor:
        told.append(StatusText("refund_pending", "info", f"A refund of {under_way} is on its way"))
    return [of_failed_refund(refund) for refund in refunds if refund.status == "failed"] + told


def total(refunds: Iterable[Refund], *statuses: str) -> int:
    return sum(refund.amount_minor for refund in refunds if refund.status in statuses)


def of_failed_refund(refund: Refund) -> StatusText:
    amount = Money(refund.amount_minor, refund.currency)
    why = WHY_FAILED.get(refund.failure_reason or "", "Stripe does not say why")
    return StatusText("refund_failed", "bad", f"A refund of {amount} failed: {why}")
