"""One report of the host platform: a quantity that was used, or a level that was reached."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey
from billingportal.models.connection.processor_account import Mode


class UsageRecord(Base):
    """Taken once for ever: `key` is the host platform's, unique in a mode.

    `amount` is the quantity of a counter, or the level of a gauge. `workspace_id` None: reported for the whole client.
    `at` is when it was used, in the client's time; `received_at` when the portal got it, in real time.
    `client_id` is the client that the use counts for, also after the workspace has moved.
    `taken_back_at`: the report was a mistake and no longer counts.
    Ids grow in the order of arrival, also within a batch. There are no foreign keys: they would cost more than the
    insert itself, and the rows they point to are locked while records are taken and never deleted.
    """

    __tablename__ = "usage_record"
    __table_args__ = (
        UniqueConstraint("mode", "key"),
        CheckConstraint("amount >= 0", name="amount"),
        Index(None, "client_id", "resource_id", "at"),
    )

    id: Mapped[LargeKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    key: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[int]
    workspace_id: Mapped[int | None]
    resource_id: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]
    taken_back_because: Mapped[str] = mapped_column(String(200), default="", server_default="")
