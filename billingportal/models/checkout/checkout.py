"""A client's purchase. The intent is stored before the Stripe Checkout session is requested."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan import Plan
from billingportal.plain_json import JsonObject

CheckoutState = Literal["intended", "open", "complete", "expired", "failed"]


class Checkout(Base):
    """A client has at most one intended or open checkout; the database enforces it.

    `choice` is the `Selection` as JSON (see domain.offers.selection): period, currency and quantities by resource key.
    `request` is the whole request to Stripe, so that any caller can send the very same request again. `token` names the
    checkout in URLs. `visitor` is the browser of a sign-up, and empty for existing clients.

    `access_generation` is the client's at creation; the payer is signed in only while it is unchanged. 0 is never.
    """

    __tablename__ = "checkout"
    __table_args__ = (
        CheckConstraint("state IN ('intended', 'open', 'complete', 'expired', 'failed')", name="state"),
        Index(
            "uq_checkout_running",
            "client_id",
            unique=True,
            sqlite_where=text("state IN ('intended', 'open')"),
            postgresql_where=text("state IN ('intended', 'open')"),
        ),
        Index(None, "processor_account_id", "stripe_checkout_session_id"),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    choice: Mapped[JsonObject]
    request: Mapped[JsonObject]
    token: Mapped[str] = mapped_column(String(40), unique=True)
    visitor: Mapped[str] = mapped_column(String(64), default="")
    access_generation: Mapped[int]
    state: Mapped[CheckoutState] = mapped_column(String(8))
    problem: Mapped[str] = mapped_column(Text, default="")
    stripe_checkout_session_id: Mapped[str | None]
    stripe_subscription_id: Mapped[str | None] = mapped_column(index=True)
    url: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    plan: Mapped[Plan] = relationship()
