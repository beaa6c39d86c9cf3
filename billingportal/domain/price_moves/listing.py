"""The clients of a price move, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, contains_eager

from billingportal.models import Client, PriceMoveClient
from billingportal.models.price_moves.price_move_client import RowState

PAGE = 50


@dataclass(frozen=True)
class Listed:
    """A page of clients. `total` counts those that were found."""

    rows: Sequence[PriceMoveClient]
    number: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))


def listed(session: Session, move_id: int, number: int, words: str = "") -> Listed:
    """A page of a move's clients, in the order of their names; of those whose name or address has the words."""
    found = (
        select(PriceMoveClient)
        .join(Client, Client.id == PriceMoveClient.client_id)
        .where(PriceMoveClient.price_move_id == move_id)
    )
    if words:
        wanted = words.lower()
        found = found.where(
            or_(
                func.lower(Client.name).contains(wanted, autoescape=True),
                func.lower(Client.email).contains(wanted, autoescape=True),
            )
        )
    total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    last = max(1, -(-total // PAGE))
    page = min(number, last)
    rows = session.scalars(
        found.options(contains_eager(PriceMoveClient.client))
        .order_by(func.lower(Client.name), PriceMoveClient.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return Listed(rows.all(), page, total)


def counts(session: Session, move_id: int) -> Mapping[RowState, int]:
    """How many clients of a move are in each state."""
    found = select(PriceMoveClient.state, func.count()).where(PriceMoveClient.price_move_id == move_id)
    return {row[0]: row[1] for row in session.execute(found.group_by(PriceMoveClient.state))}
