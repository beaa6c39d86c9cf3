"""The one-time link with which the first owner sets the portal up."""

import hashlib
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class SetupLink(Base):
    """A link that was printed. Only the hash of its token is stored, so a leaked database sets nothing up."""

    __tablename__ = "setup_link"

    id: Mapped[PrimaryKey]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    def is_open(self, at: datetime) -> bool:
        """Whether the link can still create an owner."""
        return self.used_at is None and at < self.expires_at


def hash_token(token: str) -> str:
    """The token as it is stored. Tokens are long and random, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
