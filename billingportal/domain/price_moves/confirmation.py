"""Confirms a price move: the amounts and days that were shown are the ones that happen."""

import hashlib
import json
from collections.abc import Sequence

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.price_moves import moves, renewals
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.errors import Conflict, Refusal
from billingportal.models import PriceMove, PriceMoveClient
from billingportal.plain_json import Json

CHANGED = "Something changed meanwhile. Please look again."


def movers(rows: Sequence[PriceMoveClient]) -> list[PriceMoveClient]:
    """The rows whose clients move, as far as is known."""
    return [row for row in rows if row.state == "chosen" and not row.problem]


def seal(move: PriceMove, rows: Sequence[PriceMoveClient]) -> str:
    """A fingerprint of what is shown: who moves, when, what each pays before and after."""
    shown: list[Json] = [
        [
            row.client_id,
            row.state,
            bool(row.problem),
            row.currency,
            row.pays_minor,
            row.will_pay_minor,
            row.first_minor,
            row.takes_effect_at.isoformat() if row.takes_effect_at else None,
        ]
        for row in rows
    ]
    said: list[Json] = [move.id, move.to_link_id, move.notice_days, shown]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def confirm(session: Session, move_id: int, shown: str, sentence: str, *, staff_id: int) -> None:
    """Start the move that was shown. Confirming it twice starts it once.

    Raises Refusal for a sentence that is too long or while the amounts are not all known, and Conflict when it is not
    what was shown any more; then the amounts are read again.
    """
    move = session.get_one(PriceMove, move_id, populate_existing=True, with_for_update={"key_share": True})
    if move.state not in ("draft", "review"):
        return
    if len(sentence) > moves.LONGEST_SENTENCE:
        raise Refusal("sentence", f"At most {moves.LONGEST_SENTENCE} characters.")
    rows = moves.rows_of(session, move.id)
    if move.state == "draft" or any(row.state == "chosen" and row.quoted_at is None for row in rows):
        raise Refusal("", "The amounts are not all known yet. Wait a moment.")
    moving = movers(rows)
    if shown != seal(move, rows) or is_too_late(session, move, moving):
        raise Conflict(CHANGED)
    if not moving:
        raise Refusal("", "None of these clients can be moved now.")
    for row in rows:
        if row.state == "chosen" and row.problem:
            row.state, row.reason = "stays", row.problem
    move.state, move.sentence, move.confirmed_at, move.staff_id = "running", sentence, now(), staff_id
    price = move.to_link.stripe_price_id
    summary = f"Moves {len(moving)} clients of {move.plan.name} to the price {price}"
    moves.record(session, move, "price_move.confirmed", summary, staff_id)


def is_too_late(session: Session, move: PriceMove, rows: Sequence[PriceMoveClient]) -> bool:
    """Whether an email sent today would reach a client later than the notice days before its price changes."""
    clocks = clock_times(session, [row.client_id for row in rows])
    for row in rows:
        today = clocks.get(row.client_id, now()).date()
        earliest = renewals.earliest_day(today, move.notice_days, move.from_day)
        if row.takes_effect_at is None or row.takes_effect_at.date() < earliest:
            return True
    return False
