"""The level of a gauge that the host platform reports for a whole client, not by workspace."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class ClientLevel(Base):
    """While it exists, levels of the client's workspaces are refused for this resource: nothing may count twice.

    `record_id` is the record that it comes from.
    """

    __tablename__ = "client_level"
    __table_args__ = (
        UniqueConstraint("client_id", "resource_id"),
        CheckConstraint("used >= 0", name="used"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    used: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime]
    record_id: Mapped[int | None] = mapped_column(BigInteger)
