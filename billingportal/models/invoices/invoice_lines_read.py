"""When an invoice's lines were read from Stripe, and whether they are to be read again."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class InvoiceLinesRead(Base):
    """`of_status` is the invoice's status at the last reading, None before the first. A final invoice is read once
    more after it was a draft. `next_attempt_at` None: nothing is to be read."""

    __tablename__ = "invoice_lines_read"

    id: Mapped[PrimaryKey]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), unique=True)
    of_status: Mapped[str | None]
    read_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(index=True)
