"""The emails of a price move: the new price, and that the old one stays after all."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail.messages import Letter
from billingportal.domain.mail.outbox import BILLING_LINK
from billingportal.domain.price_moves.candidates import price_of
from billingportal.domain.prices.price_text import period_words
from billingportal.models import OutgoingMail, PriceMoveClient
from billingportal.money import Money

KIND = "price_move"


def announcement(session: Session, row: PriceMoveClient) -> Letter:
    """Says what the client pays, from when, and before. `row` has its amounts."""
    plan, at = row.move.plan.name, day(row.takes_effect_at or row.created_at)
    each = period_of(session, row)
    before, after = amounts(row)
    first = Money(row.first_minor, after.currency) if row.first_minor is not None else None
    discounted = f" Your first payment then is {first}, since a discount still runs." if first is not None else ""
    words = [
        f"From your renewal on {at}, {plan} costs {after} {each} instead of {before}. Until then nothing changes."
        f"{discounted}",
        row.move.sentence,
        "You can change or cancel your plan at any time before that date:",
        BILLING_LINK,
    ]
    return Letter(KIND, f"Your {plan} plan will cost {after} from {at}", tuple(one for one in words if one))


def all_clear(session: Session, row: PriceMoveClient) -> Letter:
    """Says that the price stays, after the announcement."""
    plan, (before, _) = row.move.plan.name, amounts(row)
    words = f"We wrote to you that {plan} would cost more. That does not happen: you go on paying {before}"
    return Letter(KIND, f"The price of your {plan} plan stays", (f"{words} {period_of(session, row)}.", BILLING_LINK))


def amounts(row: PriceMoveClient) -> tuple[Money, Money]:
    """What the client pays before and after."""
    currency = row.currency or "usd"
    return Money(row.pays_minor or 0, currency), Money(row.will_pay_minor or 0, currency)


def period_of(session: Session, row: PriceMoveClient) -> str:
    """As in "a month"."""
    price = price_of(session, row.move.to_link)
    return period_words(price.interval, price.interval_count) if price else ""


def announce(session: Session, row: PriceMoveClient) -> None:
    """Queue the announcement, once."""
    mail_messages.post(session, row.client, f"price-move:{row.id}", announcement(session, row))


def announcements(session: Session, row_ids: Collection[int]) -> Mapping[int, OutgoingMail]:
    """The announcements of these rows, as far as they were queued, by row id."""
    occasions = {f"price-move:{row_id}": row_id for row_id in row_ids}
    found = session.scalars(select(OutgoingMail).where(OutgoingMail.occasion.in_(occasions)))
    return {occasions[mail.occasion]: mail for mail in found}


def take_back(session: Session, row: PriceMoveClient) -> None:
    """Queue that the price stays, once, if the announcement was queued."""
    announced = select(OutgoingMail.id).where(OutgoingMail.occasion == f"price-move:{row.id}")
    if session.scalar(announced) is not None:
        mail_messages.post(session, row.client, f"price-move-undone:{row.id}", all_clear(session, row))
