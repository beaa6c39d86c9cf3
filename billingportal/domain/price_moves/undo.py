"""Undoes a price move, for one client or for all, until it has happened."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plan_changes import withdrawal
from billingportal.domain.price_moves import moves
from billingportal.domain.price_moves.steps import follow_row, locked_row
from billingportal.domain.subscriptions import change_state
from billingportal.errors import Conflict
from billingportal.models import PriceMove, PriceMoveClient
from billingportal.models.price_moves.price_move_client import RowState
from billingportal.stripe_gateway.gateway import StripeGateway

UNDOABLE: tuple[RowState, ...] = ("chosen", "intended", "scheduled")


def ask_undo(session: Session, move_id: int, row_id: int | None, *, staff_id: int) -> list[int]:
    """Record that a confirmed move is to be undone for one client, or for all (None). Returns the ids of the rows."""
    move = session.get_one(PriceMove, move_id)
    if move.state in ("draft", "review"):
        raise Conflict("This move was not confirmed. There is nothing to undo.")
    found = select(PriceMoveClient).where(PriceMoveClient.price_move_id == move_id, PriceMoveClient.state.in_(UNDOABLE))
    rows = [row for row in session.scalars(found) if row_id in (None, row.id)]
    for row in rows:
        row.undo_asked_at, row.undo_staff_id = row.undo_asked_at or now(), staff_id
    if rows:
        who = rows[0].client.name if row_id is not None else f"{len(rows)} clients"
        moves.record(session, move, "price_move.undone", f"Keeps {who} at the old price of {move.plan.name}", staff_id)
    return [row.id for row in rows]


def undo_row(transaction: Transaction, gateway: StripeGateway, row_id: int) -> None:
    """Undo the move of one client that was asked to be undone. What has happened by then stays.

    Call it with no transaction open. Raises Conflict while Stripe is being asked, and StripeProblem.
    """
    with transaction() as session:
        row = locked_row(session, row_id)
        if row.state == "chosen":
            row.state = "undone"
            return
        change_id, client_id, staff_id = row.plan_change_id, row.client_id, row.undo_staff_id
    if change_id is not None:
        plan_change_steps.finish_change(transaction, gateway, change_id)
    with transaction() as session:
        follow_row(session, locked_row(session, row_id))
        running = change_state.open_change(session, client_id)
        is_open = running is not None and running.id == change_id
    if is_open:
        withdrawal.withdraw_change(transaction, gateway, client_id, staff_id=staff_id)
    with transaction() as session:
        follow_row(session, locked_row(session, row_id))
