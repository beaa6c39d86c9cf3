"""One rehearsal of some plans in test mode, from the click to the signed report."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

# `canceling`: somebody asked for its end, and the clocks are being deleted. `broken`: it could not run to its end.
RehearsalState = Literal["queued", "running", "canceling", "finished", "canceled", "broken"]
# `not_provable`: nothing differed, but something could not be compared.
Verdict = Literal["passed", "failed", "not_provable"]
# How events reached the portal: by the webhook, or read by catch-up because Stripe cannot reach the portal.
EventRoad = Literal["webhook", "catch_up"]


class Rehearsal(Base):
    """At most one rehearsal of an account is not ended: a unique index enforces it.

    `choices`: the plan ids, whether it is quick, and the uses that staff chose. `snapshot`: the plans as they were at
    the start, with prices, quotas and order, for "changed since". `report` is the file of the signed report
    (see domain/rehearsal/report/envelope.py), `signature` the Ed25519 signature in base64, `public_key_id` the
    public key in hexadecimal digits.

    `lease` names the worker that plays it, until `leased_until`; then another one may go on.
    """

    __tablename__ = "rehearsal"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'canceling', 'finished', 'canceled', 'broken')", name="state"),
        CheckConstraint("verdict IN ('passed', 'failed', 'not_provable')", name="verdict"),
        CheckConstraint("event_road IN ('webhook', 'catch_up')", name="event_road"),
        Index(
            "uq_rehearsal_under_way",
            "processor_account_id",
            unique=True,
            sqlite_where=text("state IN ('queued', 'running', 'canceling')"),
            postgresql_where=text("state IN ('queued', 'running', 'canceling')"),
        ),
    )

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), index=True)
    state: Mapped[RehearsalState] = mapped_column(String(9))
    verdict: Mapped[Verdict | None] = mapped_column(String(12))
    event_road: Mapped[EventRoad | None] = mapped_column(String(8))
    is_quick: Mapped[bool] = mapped_column(default=False)
    choices: Mapped[JsonObject] = mapped_column(default=dict)
    snapshot: Mapped[JsonObject] = mapped_column(default=dict)
    problem: Mapped[str] = mapped_column(Text, default="")
    report: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[str | None] = mapped_column(String(88))
    public_key_id: Mapped[str | None] = mapped_column(String(64))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    lease: Mapped[str | None] = mapped_column(String(16))
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
