"""Where a client works in the host platform. Usage is reported for it and held against the client's quota."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.models.processor_account import Mode


class Workspace(Base):
    """`external_id` is the host platform's own. The mode is its client's, so that ids are unique in each mode."""

    __tablename__ = "workspace"
    __table_args__ = (UniqueConstraint("mode", "external_id"),)

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    mode: Mapped[Mode] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(120))
    external_id: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
