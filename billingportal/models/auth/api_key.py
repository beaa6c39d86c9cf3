"""Keys with which the host platform calls the API. A key sees the clients of its own mode only."""

from datetime import datetime
from typing import Literal, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode

Scope = Literal["read", "usage", "manage"]
SCOPES: tuple[Scope, ...] = ("read", "usage", "manage")
KeyState = Literal["active", "expired", "revoked"]


class ApiKey(Base):
    """A key is stored as its SHA-256 hash. `beginning` and `ending` are what people may see of it.

    `scope_words` are the scopes with a blank between. `last_used_at` is written at most once a minute.
    """

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("mode IN ('test', 'live')", name="mode"), Index(None, "mode"))

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(120))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    beginning: Mapped[str] = mapped_column(String(12))
    ending: Mapped[str] = mapped_column(String(4))
    scope_words: Mapped[str] = mapped_column(String(40))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return tuple(cast(Scope, word) for word in self.scope_words.split())

    @property
    def shown(self) -> str:
        """The ends of the key, for people."""
        return f"{self.beginning}…{self.ending}"

    def state_at(self, moment: datetime) -> KeyState:
        """Whether the key works at a time. A revoked key stays revoked after its end."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= moment else "active"
