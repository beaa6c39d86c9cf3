"""The payer: a business with one Stripe customer per account, some workspaces and at most one live subscription."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode

ClientSource = Literal["sign_up", "staff", "adoption", "api"]


class Client(Base):
    """A client of test mode is for trying out, and never mixed with those of live mode.

    `base_plan_id` is a chosen plan without prices; None is the default plan. The client has this plan while no other
    is paid for or granted. `evaluation_due_at` is the time of the next evaluation of its entitlement: now after a
    change, or the time when the entitlement changes by itself.

    `is_rehearsal`: a throw-away client of a rehearsal, which no page, API answer, export, sum or message may show (see
    models/rehearsal/visibility.py).

    `is_leaving`: the client is archived once its subscription has ended.

    `email` is the address as it was typed, `canonical_email` the form in which addresses are compared and written to
    (see domain/common/email_addresses.py).

    `folded_name` is the name for search and sorting, alike on every database; it is set whenever the name is.
    Sessions, billing links and checkouts store the client's `access_generation` at their creation; an earlier one
    signs nobody in.
    `revision` grows with every edit, so that the second of two concurrent edits raises Conflict.
    """

    __tablename__ = "client"
    __table_args__ = (
        UniqueConstraint("mode", "external_id"),
        CheckConstraint("source IN ('sign_up', 'staff', 'adoption', 'api')", name="source"),
        Index(None, "mode", "canonical_email"),
        Index(None, "mode", "folded_name"),
        Index(None, "is_rehearsal", sqlite_where=text("is_rehearsal = 1"), postgresql_where=text("is_rehearsal")),
    )

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(120))
    folded_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    canonical_email: Mapped[str] = mapped_column(String(254))
    external_id: Mapped[str | None] = mapped_column(String(120))
    source: Mapped[ClientSource] = mapped_column(String(8))
    base_plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    notes: Mapped[str] = mapped_column(Text, default="")
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str] = mapped_column(String(200), default="")
    is_rehearsal: Mapped[bool] = mapped_column(default=False)
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
        """Invalidate every session, and every billing link and checkout URL that could start one."""
        self.access_generation += 1

    def archive(self, at: datetime) -> None:
        """Archive the client at a time and withdraw all access to it."""
        self.archived_at, self.is_leaving = at, False
        self.withdraw_access()
