"""Plans a price move: who, from when. It is confirmed for exactly what was shown."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.price_moves import candidates
from billingportal.domain.price_moves.exceptions import exception_words, exceptions_to
from billingportal.errors import Conflict, Refusal
from billingportal.models import Plan, PlanPrice, PriceMove, PriceMoveClient
from billingportal.models.price_moves.price_move import MoveTiming

NOTICE_DAYS = 14
MOST_NOTICE_DAYS = 365
LONGEST_SENTENCE = 600
NO_SUCCESSOR = "The plan sells no price that is paid as often. Add the new price first, then move the clients to it."
UNTICKED = "Not chosen"


@dataclass(frozen=True)
class When:
    """From when the clients pay the new price."""

    timing: MoveTiming
    from_day: date | None
    notice_days: int


def begin(session: Session, plan_price_id: int, *, staff_id: int) -> PriceMove:
    """The move from a retired link that is under way, else a new draft with everyone who pays by it. Clients with an
    exception stay. Raises Conflict when nobody pays by the link, or nothing is sold in its place."""
    take_turns(session, PLANS)
    link = session.get(PlanPrice, plan_price_id, populate_existing=True)
    if link is None or link.retired_at is None:
        raise Conflict("This price is sold again, or was removed. Look at the plan as it is now.")
    plan = session.get_one(Plan, link.plan_id)
    from_link = candidates.same_use(plan, link)[0]
    move = under_way(session, from_link)
    if move is not None and move.state not in ("draft", "review"):
        return move
    to_link = candidates.successor(session, plan, from_link)
    if to_link is None:
        raise Conflict(NO_SUCCESSOR)
    move = move or new_move(session, plan, from_link, to_link, staff_id)
    move.to_link_id = to_link.id
    add_clients(session, move, plan, from_link)
    return move


def under_way(session: Session, link: PlanPrice) -> PriceMove | None:
    """The move from a link that is not ended. There is at most one."""
    return session.scalar(select(PriceMove).where(PriceMove.from_link_id == link.id, PriceMove.state != "ended"))


def new_move(session: Session, plan: Plan, from_link: PlanPrice, to_link: PlanPrice, staff_id: int) -> PriceMove:
    move = PriceMove(
        plan_id=plan.id,
        processor_account_id=from_link.processor_account_id,
        from_link_id=from_link.id,
        to_link_id=to_link.id,
        timing="renewal",
        notice_days=NOTICE_DAYS,
        sentence="",
        state="draft",
        staff_id=staff_id,
        created_at=now(),
    )
    session.add(move)
    session.flush()
    return move


def add_clients(session: Session, move: PriceMove, plan: Plan, link: PlanPrice) -> None:
    """Bring a draft's clients up to date with those who pay by the link now; choices that were made stay."""
    rows = {row.client_id: row for row in rows_of(session, move.id)}
    found = candidates.payers(session, plan, link)
    promised = exceptions_to(session, link)
    for payer in found:
        if payer.client_id not in rows:
            exception = promised.get(payer.client_id)
            row = PriceMoveClient(
                price_move_id=move.id,
                client_id=payer.client_id,
                stripe_subscription_id=payer.stripe_subscription_id,
                state="stays" if exception else "chosen",
                reason=exception_words(exception) if exception else "",
                created_at=now(),
            )
            session.add(row)
    gone = rows.keys() - {payer.client_id for payer in found}
    for client_id in gone:
        session.delete(rows[client_id])
    if not found:
        raise Conflict("No client pays this price any more.")


def rows_of(session: Session, move_id: int) -> list[PriceMoveClient]:
    """All clients of a move, in their order."""
    found = select(PriceMoveClient).where(PriceMoveClient.price_move_id == move_id).order_by(PriceMoveClient.id)
    return list(session.scalars(found))


def draft_of(session: Session, move_id: int) -> PriceMove:
    """The move, locked, while it can be edited. Raises Conflict once it was confirmed."""
    move = session.get_one(PriceMove, move_id, populate_existing=True, with_for_update={"key_share": True})
    if move.state not in ("draft", "review"):
        raise Conflict("This move was confirmed already.")
    return move


def choose_clients(session: Session, move_id: int, shown: Collection[int], ticked: Collection[int]) -> None:
    """Of the clients that were shown, the ticked ones move and the others stay. All others are as they were."""
    move = draft_of(session, move_id)
    for row in rows_of(session, move.id):
        if row.client_id in shown:
            is_ticked = row.client_id in ticked
            if is_ticked != (row.state == "chosen"):
                row.state, row.reason = ("chosen", "") if is_ticked else ("stays", UNTICKED)
    move.state = "draft"


def choose_time(session: Session, move_id: int, when: When) -> None:
    """Set from when the clients pay the new price. Raises Refusal."""
    move = draft_of(session, move_id)
    if not 0 <= when.notice_days <= MOST_NOTICE_DAYS:
        raise Refusal("notice_days", f"Say a whole number of days from 0 to {MOST_NOTICE_DAYS}.")
    if when.timing == "date" and (when.from_day is None or when.from_day < now().date()):
        raise Refusal("from_day", "Choose a day that is still to come.")
    move.timing, move.notice_days = when.timing, when.notice_days
    move.from_day = when.from_day if when.timing == "date" else None
    move.state = "draft"


def review(session: Session, move_id: int) -> None:
    """Have the amounts read from Stripe anew. Raises Refusal when nobody moves."""
    move = draft_of(session, move_id)
    rows = [row for row in rows_of(session, move.id) if row.state == "chosen"]
    if not rows:
        raise Refusal("", "Tick at least one client that moves.")
    for row in rows:
        row.quoted_at, row.problem = None, ""
    move.state = "review"


def record(session: Session, move: PriceMove, action: str, summary: str, staff_id: int | None) -> None:
    """Write an audit entry about the move."""
    audit.record_act(
        session,
        audit.Act(
            action,
            summary,
            staff_id=staff_id,
            subject=("plan", move.plan_id),
            processor_account_id=move.processor_account_id,
            details={"price_move": move.id},
        ),
    )
