"""The payer: a business with one customer at Stripe an account, some workspaces and at most one live subscription."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, validates

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode

ClientSource = Literal["sign_up", "staff", "adoption"]


class Client(Base):
    """A client of test mode is for trying out, and never mixed with those of live mode.

    `base_plan_id` is a plan without prices that was chosen; without one the default plan is the base. It is what a
    client has while nothing better is paid for or given. `evaluation_due_at` is when its entitlement is to be worked
    out next: now, when something changed, or when time alone will change it.

    `is_leaving`: it is archived as soon as its subscription has ended.

    `folded_name` is the name as it is searched and sorted, alike on every database: it follows the name by itself.
    Sessions, billing links and checkouts carry the `access_generation` that they were made under: an earlier one signs
    nobody in.
    `revision` grows whenever somebody edits the client, so that two people who edit at once find out.
    """

    __tablename__ = "client"
    __table_args__ = (
        UniqueConstraint("mode", "external_id"),
        CheckConstraint("source IN ('sign_up', 'staff', 'adoption')", name="source"),
        Index(None, "mode", "email"),
        Index(None, "mode", "folded_name"),
    )

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(120))
    folded_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    external_id: Mapped[str | None] = mapped_column(String(120))
    source: Mapped[ClientSource] = mapped_column(String(8))
    base_plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    notes: Mapped[str] = mapped_column(Text, default="")
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str] = mapped_column(String(200), default="")
    is_leaving: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]
    evaluation_due_at: Mapped[datetime | None] = mapped_column(index=True)
    access_generation: Mapped[int] = mapped_column(default=1)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    @validates("name")
    def fold(self, _: str, name: str) -> str:
        self.folded_name = name.casefold()
        return name

    def withdraw_access(self) -> None:
        """End every session, and every link and address that could begin one."""
        self.access_generation += 1

    def archive(self, at: datetime) -> None:
        """Put the client away; nobody is signed in as it any more."""
        self.archived_at, self.is_leaving = at, False
        self.withdraw_access()
