"""What each client pays before and after a price move, by Stripe. Changes nothing at Stripe."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import quotes as plan_change_quotes
from billingportal.domain.plan_changes.present_plan import PresentPlan
from billingportal.domain.price_moves import renewals
from billingportal.domain.price_moves.candidates import movable_plan
from billingportal.errors import Conflict, Refusal
from billingportal.models import PriceMoveClient
from billingportal.money import Money
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.requests.subscriptions import ItemChange

# Answers about one subscription, which asking again does not change; the other clients go on.
REFUSED = (NotThere, RequestRefused, RightMissing, UnreadableObject)


@dataclass(frozen=True)
class Movable:
    """A client that can be moved: its present plan, what it has of it, the changes of its items, and from when. Plain
    values, usable outside a transaction while Stripe is asked."""

    present: PresentPlan
    selection: Selection
    changes: tuple[ItemChange, ...]
    notice_days: int
    from_day: date | None

    @property
    def items_after(self) -> dict[str, int | None]:
        """Quantities by price after the move."""
        replaced = {one.stripe_subscription_item_id: one.stripe_price_id for one in self.changes}
        return {
            replaced.get(item.stripe_subscription_item_id, item.stripe_price_id): item.quantity
            for item in self.present.items
        }


@dataclass(frozen=True)
class Quote:
    """What a client pays for each period before and after, and from when. `first`: the first invoice after the move,
    where it is another amount than `after`."""

    before: Money
    after: Money
    first: Money | None
    takes_effect_at: datetime


def movable(session: Session, row: PriceMoveClient) -> Movable:
    """The client of a row, if it can be moved. Raises Refusal and Conflict as `candidates.movable_plan`."""
    move = row.move
    present, selection = movable_plan(session, move, row.client, row.stripe_subscription_id)
    changes = tuple(
        ItemChange(item.stripe_subscription_item_id, move.to_link.stripe_price_id, item.quantity)
        for item in present.items
        if item.stripe_price_id == move.from_link.stripe_price_id
    )
    return Movable(present, selection, changes, move.notice_days, move.from_day)


def quote(gateway: StripeGateway, client: Movable) -> Quote:
    """Ask Stripe for the amounts. Call it with no transaction open. Raises StripeProblem."""
    present, name = client.present, client.present.stripe_subscription_id
    running = gateway.discounts.running(name) if present.has_adjustments else ()
    before = plan_change_quotes.later_price(gateway, name, (), running)
    after = plan_change_quotes.later_price(gateway, name, client.changes, running)
    at = takes_effect_at(gateway, client)
    first = None
    if any(one.duration != "forever" for one in running):
        first = plan_change_quotes.later_price(gateway, name, client.changes, running, starts_at=at)
    return Quote(before, after, first if first != after else None, at)


def takes_effect_at(gateway: StripeGateway, client: Movable) -> datetime:
    """The renewal at which the client's price changes. Raises StripeProblem."""
    present = client.present
    earliest = renewals.earliest_day(present.moment.date(), client.notice_days, client.from_day)
    anchor = gateway.schedules.period_anchor(present.stripe_subscription_id)
    return renewals.first_renewal(anchor, present.period_ends_at, client.selection.period, earliest)


def unquoted(session: Session, move_id: int, most: int) -> list[int]:
    """Ids of the first chosen rows of a move whose amounts are not known yet."""
    found = select(PriceMoveClient.id).where(
        PriceMoveClient.price_move_id == move_id,
        PriceMoveClient.state == "chosen",
        PriceMoveClient.quoted_at.is_(None),
    )
    return list(session.scalars(found.order_by(PriceMoveClient.id).limit(most)))


def quote_rows(transaction: Transaction, gateway: StripeGateway, move_id: int, most: int) -> None:
    """Store the amounts of the first rows that have none. Raises StripeProblem when Stripe does not answer."""
    with transaction() as session:
        row_ids = unquoted(session, move_id, most)
    for row_id in row_ids:
        quote_row(transaction, gateway, row_id)


def quote_row(transaction: Transaction, gateway: StripeGateway, row_id: int) -> None:
    """Store the amounts of one row, or the reason why its client cannot be moved."""
    problem, found = "", None
    try:
        with transaction() as session:
            client = movable(session, session.get_one(PriceMoveClient, row_id))
        found = quote(gateway, client)
    except (Refusal, Conflict) as refusal:
        problem = str(refusal)
    except REFUSED as refused:
        problem = f"Stripe says: {refused.message}"
    with transaction() as session:
        store_quote(session.get_one(PriceMoveClient, row_id), found, problem)


def store_quote(row: PriceMoveClient, found: Quote | None, problem: str) -> None:
    row.problem, row.quoted_at = problem, now()
    row.pays_minor = found.before.minor if found else None
    row.will_pay_minor = found.after.minor if found else None
    row.first_minor = found.first.minor if found and found.first else None
    row.currency = found.before.currency if found else None
    row.takes_effect_at = found.takes_effect_at if found else None
