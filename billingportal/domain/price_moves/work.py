"""The work of price moves that runs by itself. The rows say what is due; any number of workers may do it."""

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from billingportal.db import Transaction
from billingportal.domain.price_moves import quotes, steps, undo
from billingportal.errors import Conflict
from billingportal.models import PlanChange, PriceMove, PriceMoveClient, ProcessorAccount
from billingportal.stripe_gateway.gateway import StripeGateway

# Clients at a time, so that other work is not kept waiting.
BATCH = 20

COMING = aliased(PriceMoveClient)
OTHER = aliased(PlanChange)

IS_UNQUOTED = and_(PriceMove.state == "review", PriceMoveClient.state == "chosen", PriceMoveClient.quoted_at.is_(None))
IS_TO_UNDO = and_(PriceMoveClient.undo_asked_at.is_not(None), PriceMoveClient.state.in_(undo.UNDOABLE))
IS_TO_SCHEDULE = and_(
    PriceMove.state == "running", PriceMoveClient.state == "chosen", PriceMoveClient.undo_asked_at.is_(None)
)
# Its client makes another change, which may fail: then the move comes back.
IS_BEING_REPLACED = (
    select(OTHER.id)
    .where(
        OTHER.client_id == PriceMoveClient.client_id,
        OTHER.id != PlanChange.id,
        OTHER.state.in_(("intended", "waiting")),
    )
    .exists()
)
IS_TO_FOLLOW = or_(
    and_(PriceMoveClient.state == "intended", PlanChange.state != "intended"),
    and_(PriceMoveClient.state == "scheduled", PlanChange.state != "scheduled", ~IS_BEING_REPLACED),
)
IS_COMING = and_(COMING.price_move_id == PriceMove.id, COMING.state.in_(undo.UNDOABLE))
IS_TO_CLOSE = or_(
    PriceMove.state == "running", and_(PriceMove.state == "planned", ~select(COMING.id).where(IS_COMING).exists())
)
IS_DUE = or_(IS_UNQUOTED, IS_TO_UNDO, IS_TO_SCHEDULE, IS_TO_FOLLOW, IS_TO_CLOSE)


def accounts_with_work(session: Session) -> list[int]:
    """Ids of the connected accounts with price moves that need something done."""
    found = (
        select(PriceMove.processor_account_id)
        .distinct()
        .join(PriceMoveClient, PriceMoveClient.price_move_id == PriceMove.id)
        .outerjoin(PlanChange, PlanChange.id == PriceMoveClient.plan_change_id)
        .join(ProcessorAccount, ProcessorAccount.id == PriceMove.processor_account_id)
        .where(
            ProcessorAccount.state == "connected",
            or_(IS_UNQUOTED, IS_TO_UNDO, IS_TO_SCHEDULE, IS_TO_FOLLOW, IS_TO_CLOSE),
        )
    )
    return list(session.scalars(found))


def rows_due(session: Session, account_id: int, condition: ColumnElement[bool]) -> list[int]:
    """Ids of the first rows of an account's moves that need this done."""
    found = (
        select(PriceMoveClient.id)
        .join(PriceMove, PriceMove.id == PriceMoveClient.price_move_id)
        .outerjoin(PlanChange, PlanChange.id == PriceMoveClient.plan_change_id)
        .where(PriceMove.processor_account_id == account_id, condition)
        .order_by(PriceMoveClient.id)
        .limit(BATCH)
    )
    return list(session.scalars(found))


def work(transaction: Transaction, gateway: StripeGateway, account_id: int) -> None:
    """Do what is due: undo, schedule, follow, then quote. Raises StripeProblem when Stripe does not answer."""
    with transaction() as session:
        undoing, scheduling, following, quoting = (
            rows_due(session, account_id, one) for one in (IS_TO_UNDO, IS_TO_SCHEDULE, IS_TO_FOLLOW, IS_UNQUOTED)
        )
    for row_id in undoing:
        try:
            undo.undo_row(transaction, gateway, row_id)
        except Conflict:
            continue
    for row_id in scheduling:
        steps.schedule_row(transaction, gateway, row_id)
    for row_id in following:
        with transaction() as session:
            steps.follow_row(session, steps.locked_row(session, row_id))
    for row_id in quoting:
        quotes.quote_row(transaction, gateway, row_id)
    with transaction() as session:
        follow_moves(session, account_id)


def follow_moves(session: Session, account_id: int) -> None:
    """A move with all its schedules made is planned; one of which nothing is to come any more has ended."""
    found = select(PriceMove).where(
        PriceMove.processor_account_id == account_id, PriceMove.state.in_(("running", "planned"))
    )
    for move in session.scalars(found):
        states = set(
            session.scalars(select(PriceMoveClient.state).where(PriceMoveClient.price_move_id == move.id).distinct())
        )
        if not states & {"chosen", "intended"}:
            move.state = "planned" if "scheduled" in states else "ended"
