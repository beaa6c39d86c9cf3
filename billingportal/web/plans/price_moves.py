"""The price moves of a plan, as its page links to them: also those that have ended."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.prices.stored_prices import held_by_id
from billingportal.models import Plan, PlanPrice, PriceMove
from billingportal.web.prices.card import price_card

MOST_SHOWN = 20


@dataclass(frozen=True)
class MoveLink:
    """A confirmed price move in one line, as in "US$15.00 to US$19.00, confirmed on 3 February 2030"."""

    move_id: int
    words: str
    has_ended: bool


def move_links(session: Session, plan: Plan, account_id: int) -> list[MoveLink]:
    """The plan's confirmed moves at an account, newest first."""
    found = session.scalars(
        select(PriceMove)
        .where(
            PriceMove.plan_id == plan.id,
            PriceMove.processor_account_id == account_id,
            PriceMove.confirmed_at.is_not(None),
        )
        .order_by(PriceMove.id.desc())
        .limit(MOST_SHOWN)
    )
    return [move_link(session, one) for one in found]


def move_link(session: Session, move: PriceMove) -> MoveLink:
    before, after = amount_of(session, move.from_link), amount_of(session, move.to_link)
    when = day(move.confirmed_at or move.created_at)
    return MoveLink(move.id, f"{before} to {after}, confirmed on {when}", move.state == "ended")


def amount_of(session: Session, link: PlanPrice) -> str:
    """The price of a link; its id at Stripe where the price is not stored, or has tiers."""
    price = held_by_id(session, link.processor_account_id, link.stripe_price_id)
    card = price_card(session, price, link.resource.unit if link.resource else None) if price else None
    return card.amount if card is not None and not card.tiers else link.stripe_price_id
