"""A price move in words, as its pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.domain.price_moves.candidates import price_of
from billingportal.domain.price_moves.emails import amounts, announcements
from billingportal.domain.subscriptions.client_subscriptions import running_of
from billingportal.models import OutgoingMail, PriceMove, PriceMoveClient
from billingportal.models.price_moves.price_move_client import RowState
from billingportal.money import Money
from billingportal.web.common.rendering.filters import time_of_day
from billingportal.web.prices.card import price_card

# Severity, icon and word of each state of a client.
STATES: dict[RowState, tuple[Severity, str, str]] = {
    "chosen": ("info", "clock", "Waits"),
    "intended": ("info", "refresh", "In progress"),
    "scheduled": ("ok", "calendar-event", "Planned"),
    "moved": ("ok", "circle-check", "Moved"),
    "stays": ("mute", "circle-dashed", "Stays"),
    "undone": ("mute", "arrow-back-up", "Undone"),
    "failed": ("bad", "circle-x", "Not moved"),
}


@dataclass(frozen=True)
class Names:
    """A move in one line, as in "Growth: from US$15.00 to US$19.00 a month", and the new price."""

    title: str
    after: str


@dataclass(frozen=True)
class Row:
    """A client of a move. `before` and `after` are None where Stripe was not asked or nothing changes."""

    id: int
    client_id: int
    name: str
    email: str
    state: RowState
    severity: Severity
    icon: str
    word: str
    before: Money | None
    after: Money | None
    first: Money | None
    day: str
    note: str
    may_undo: bool
    is_being_undone: bool


def move_or_404(session: Session, move_id: int) -> PriceMove:
    return session.get(PriceMove, move_id) or abort(404, "There is no such price move.")


def names(session: Session, move: PriceMove) -> Names:
    old, new = price_of(session, move.from_link), price_of(session, move.to_link)
    cards = [price_card(session, price) for price in (old, new) if price is not None]
    if len(cards) < 2 or any(card.tiers for card in cards):
        return Names(f"{move.plan.name}: to the new price", "the new price")
    before, after = cards[0].amount, cards[1].amount
    title = f"{move.plan.name}: from {before} to {after} {cards[1].basis}"
    return Names(title, after)


def row_of(row: PriceMoveClient) -> Row:
    severity, icon, word = STATES[row.state]
    is_quoted = row.pays_minor is not None
    before, after = amounts(row)
    first = Money(row.first_minor, after.currency) if row.first_minor is not None else None
    return Row(
        id=row.id,
        client_id=row.client_id,
        name=row.client.name,
        email=row.client.email,
        state=row.state,
        severity=severity,
        icon=icon,
        word=word,
        before=before if is_quoted else None,
        after=after if is_quoted and row.state != "stays" else None,
        first=first if row.state != "stays" else None,
        day=day(row.takes_effect_at) if row.takes_effect_at is not None else "",
        note=row.reason if row.state == "stays" else row.problem,
        may_undo=row.state in ("chosen", "intended", "scheduled") and row.undo_asked_at is None,
        is_being_undone=row.state in ("chosen", "intended", "scheduled") and row.undo_asked_at is not None,
    )


def email_words(session: Session, rows: Sequence[Row]) -> dict[int, str]:
    """What became of the announcement of each row that has one, by row id: "email sent 14:52"."""
    found = announcements(session, [row.id for row in rows])
    return {row_id: mail_words(mail) for row_id, mail in found.items()}


def mail_words(mail: OutgoingMail) -> str:
    if mail.state == "sent" and mail.sent_at is not None:
        return f"email sent {time_of_day(mail.sent_at)}"
    return "email could not be sent" if mail.state == "failed" else "email is being sent"


def next_renewal(session: Session, row: PriceMoveClient) -> str:
    """The day of the client's next renewal; empty without a running subscription."""
    subscription = running_of(session, row.client)
    ends = [item.period_ends_at for item in subscription.items] if subscription else []
    return day(max(ends)) if ends else ""
