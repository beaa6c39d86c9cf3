"""How far an account has been read from Stripe: the row of its catch-up, locked."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import CatchUp


def locked_catch_up(session: Session, processor_account_id: int) -> CatchUp:
    """The account's catch-up row; other workers wait until this transaction ends."""
    return session.scalars(
        select(CatchUp).where(CatchUp.processor_account_id == processor_account_id).with_for_update()
    ).one()
