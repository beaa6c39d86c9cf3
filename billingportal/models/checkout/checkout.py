"""What a client set out to buy: our intent, written down before Stripe is asked for a checkout session."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan import Plan
from billingportal.plain_json import JsonObject

CheckoutState = Literal["intended", "open", "complete", "expired", "failed"]


class Checkout(Base):
    """A client has at most one that is intended or open: the database sees to it.

    `choice` is what was chosen (see domain.choices): period, currency and quantities by resource key. `request` is
    all that Stripe is asked for, so that whoever finds the intent can send the very same request again. `token` names
    the checkout in addresses. `visitor` is the browser of a sign-up, and empty for clients who are known.

    `access_generation` is that of the client when it set out; who pays is signed in while it still is. 0 is never.
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
