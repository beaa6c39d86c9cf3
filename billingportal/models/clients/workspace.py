"""A client's workspace in the host platform. Its reported usage counts towards the client's quota."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode


class Workspace(Base):
    """`external_id` is the host platform's id. `mode` is the client's, so that external ids are unique in each mode.

    `folded_name` is the name for search; it is set whenever the name is.
    """

    __tablename__ = "workspace"
    __table_args__ = (UniqueConstraint("mode", "external_id"),)

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    mode: Mapped[Mode] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(120))
    folded_name: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    @validates("name")
    def fold(self, _: str, name: str) -> str:
        self.folded_name = name.casefold()
        return name
