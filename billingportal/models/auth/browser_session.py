"""Signed-in browsers of staff and clients."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class BrowserSession(Base):
    """One browser. Only the hash of its token is stored, so a leaked database signs nobody in.

    It ends when the row is deleted, when `expires_at` comes, or when the owner's `access_generation` is raised.
    `last_seen_at` is right to the minute; `address` is the IP address at that time, empty if it is not known.
    """

    __tablename__ = "browser_session"
    __table_args__ = (CheckConstraint("(staff_id IS NULL) <> (client_id IS NULL)", name="one_owner"),)

    id: Mapped[PrimaryKey]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    access_generation: Mapped[int]
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(45))
    browser: Mapped[str] = mapped_column(String(60))

    @property
    def is_on_phone(self) -> bool:
        """Whether the browser's name says that it runs on a phone."""
        return self.browser.endswith((" on iPhone", " on Android"))
