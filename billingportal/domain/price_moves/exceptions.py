"""Promises to clients that their price stays."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.dates import day
from billingportal.errors import Refusal
from billingportal.models import PlanPrice, PriceException, PriceMoveClient

LONGEST_REASON = 200


def exceptions_to(session: Session, link: PlanPrice) -> Mapping[int, PriceException]:
    """The promises about a link's price that hold today, by client id."""
    found = session.scalars(
        select(PriceException).where(
            PriceException.processor_account_id == link.processor_account_id,
            PriceException.stripe_price_id == link.stripe_price_id,
            or_(PriceException.until.is_(None), PriceException.until >= now().date()),
        )
    )
    return {one.client_id: one for one in found}


def exception_words(exception: PriceException) -> str:
    """As in "Founding customer, until 31 December 2027"."""
    until = f", until {day(exception.until)}" if exception.until else ""
    return f"{exception.reason}{until}"


def promise(session: Session, row: PriceMoveClient, reason: str, until: date | None, *, staff_id: int) -> None:
    """Promise the client of a row that its price stays, in place of an earlier promise. Raises Refusal."""
    if not reason:
        raise Refusal("reason", "Say why the price stays.")
    if len(reason) > LONGEST_REASON:
        raise Refusal("reason", f"At most {LONGEST_REASON} characters.")
    if until is not None and until < now().date():
        raise Refusal("until", "Choose a day that is still to come.")
    link = row.move.from_link
    exception = stored(session, row.client_id, link) or PriceException(
        client_id=row.client_id,
        processor_account_id=link.processor_account_id,
        stripe_price_id=link.stripe_price_id,
        created_at=now(),
    )
    exception.reason, exception.until, exception.staff_id = reason, until, staff_id
    session.add(exception)
    row.state, row.reason = "stays", exception_words(exception)
    summary = f"Promised that the price {link.stripe_price_id} stays: {row.reason}"
    audit.record_act(
        session, audit.Act("price_exception.made", summary, staff_id=staff_id, subject=("client", row.client_id))
    )


def stored(session: Session, client_id: int, link: PlanPrice) -> PriceException | None:
    return session.scalar(
        select(PriceException).where(
            PriceException.client_id == client_id,
            PriceException.processor_account_id == link.processor_account_id,
            PriceException.stripe_price_id == link.stripe_price_id,
        )
    )
