"""The partner's staff, who sign in to the portal."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

Role = Literal["owner", "admin", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)


class Staff(Base):
    """One person. The email address is stored in its canonical form (see domain/common/email_addresses.py), so that
    it is unique however it is typed.

    Sessions and known browsers carry the `access_generation` that they were made under; an earlier one is invalid.
    """

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(String(20))
    access_generation: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    last_signed_in_at: Mapped[datetime | None]

    @property
    def initials(self) -> str:
        """Up to two letters that stand for the person beside the name."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    def change_password(self, password_hash: str) -> None:
        """Set the new password and end every session that was opened with the old one."""
        self.password_hash = password_hash
        self.withdraw_access()

    def withdraw_access(self) -> None:
        """End every session, and make every known browser unknown."""
        self.access_generation += 1
