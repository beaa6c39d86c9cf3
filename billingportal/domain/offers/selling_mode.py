"""The mode in which the portal sells: a setting that only an owner changes, at Go live."""

from sqlalchemy.orm import Session

from billingportal.models import SellingMode
from billingportal.models.connection.processor_account import Mode

THE_ROW = 1


def selling_mode(session: Session) -> Mode:
    """The mode of the pricing page and of sign-up: test until an owner switches."""
    row = session.get(SellingMode, THE_ROW)
    return "test" if row is None else row.mode
