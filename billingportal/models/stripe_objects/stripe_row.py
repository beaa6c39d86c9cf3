"""The columns of every row that mirrors a Stripe object: its account, and as of when its state is known."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class StripeRow(Base):
    """A row that mirrors one object at Stripe. Its copied columns are the fields of that object's copy.

    An event created after `as_of` is newer for certain; one created more than `uncertainty_seconds`
    before it is older for certain. In between, the event must prove its order or the object is fetched.
    `is_chained`: the state before the events of the `as_of` second is known, which such a proof needs.
    `has_settled_tie`: such a proof was used. `revision` counts applied and confirming snapshots.
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
