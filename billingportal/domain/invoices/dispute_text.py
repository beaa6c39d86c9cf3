"""Disputes and refunds in words. Pure: rows in, words out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from billingportal.domain.common.dates import day
from billingportal.models import Dispute, Refund
from billingportal.money import Money

TroubleKind = Literal["warn", "bad", "info", "mute"]
ANSWER_WANTED = ("needs_response", "warning_needs_response")
WHY_FAILED = {
    "lost_or_stolen_card": "the card was reported lost or stolen",
    "expired_or_canceled_card": "the card has expired or was canceled",
    "charge_for_pending_refund_disputed": "the payment is disputed",
    "insufficient_funds": "your balance at Stripe is too low",
    "declined": "the bank declined it",
    "merchant_request": "it was withdrawn",
}


@dataclass(frozen=True)
class Trouble:
    """In words; `kind` and `icon` are how the words are shown."""

    kind: TroubleKind
    words: str
    icon: str

    def at(self, invoice_number: str | None) -> "Trouble":
        """The same, saying which invoice it is about."""
        return replace(self, words=f"{invoice_number or 'An invoice'}: {self.words}")


def dispute_words(disputes: Iterable[Dispute]) -> list[Trouble]:
    return [of_dispute(dispute) for dispute in disputes]


def of_dispute(dispute: Dispute) -> Trouble:
    if dispute.status in ANSWER_WANTED:
        until = f" by {day(dispute.answer_due_at)}" if dispute.answer_due_at else ""
        return Trouble("bad", f"Disputed: the bank asks, answer in Stripe{until}", "message-report")
    if dispute.status in ("under_review", "warning_under_review"):
        return Trouble("warn", "Disputed: the bank looks at your answer", "message-report")
    if dispute.status == "lost":
        amount = Money(dispute.amount_minor, dispute.currency)
        return Trouble("bad", f"Dispute lost: the bank gave {amount} back", "message-report")
    return Trouble("mute", "Dispute won" if dispute.status == "won" else "Dispute closed", "message-report")


def refund_words(paid: Money | None, refunds: Sequence[Refund]) -> list[Trouble]:
    """What the refunds of one invoice come to. A failed one no longer matters once all was given back."""
    if not refunds:
        return []
    currency = refunds[0].currency
    given = Money(total(refunds, "succeeded"), currency)
    under_way = Money(total(refunds, "pending", "requires_action"), currency)
    told: list[Trouble] = []
    if given.minor and (paid is None or given.minor >= paid.minor):
        return [Trouble("mute", "Refunded in full", "receipt-refund")]
    if given.minor:
        told.append(Trouble("info", f"Refunded {given} of {paid}", "receipt-refund"))
    if under_way.minor:
        told.append(Trouble("info", f"A refund of {under_way} is on its way", "clock"))
    return [of_failed_refund(refund) for refund in refunds if refund.status == "failed"] + told


def total(refunds: Iterable[Refund], *statuses: str) -> int:
    return sum(refund.amount_minor for refund in refunds if refund.status in statuses)


def of_failed_refund(refund: Refund) -> Trouble:
    amount = Money(refund.amount_minor, refund.currency)
    why = WHY_FAILED.get(refund.failure_reason or "", "Stripe does not say why")
    return Trouble("bad", f"A refund of {amount} failed: {why}", "alert-circle")
