"""What every row that came from Stripe has: whose it is, and as of when it is known."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class StripeRow(Base):
    """A row kept in step with one object at Stripe. Its copied columns are the fields of that object's copy.

    An event created after `as_of` is newer for certain; one created more than `uncertainty_seconds`
    before it is older for certain. In between, the event must prove its place or Stripe is asked.
    `is_chained`: where the events of the `as_of` second started from is known, which such a proof needs.
    `has_settled_tie`: one of them has given it. `revision` counts all that was learned, also confirmations.
    """

    __abstract__ = True

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    as_of: Mapped[datetime]
    uncertainty_seconds: Mapped[int] = mapped_column(default=0)
    is_chained: Mapped[bool] = mapped_column(default=False)
    has_settled_tie: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    deleted_at: Mapped[datetime | None]
