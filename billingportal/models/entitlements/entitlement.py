"""A client's current entitlement with its reasons and times. Evaluated again whenever something changes."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.entitlements.entitled_quota import EntitledQuota
from billingportal.models.plans.plan import Plan
from billingportal.plain_json import Json, JsonObject

# Where the plan comes from. `base`: the free plan that was chosen, or the default plan.
PlanSource = Literal["comp", "subscription", "base", "none"]
# `limited`: nothing new may be made, all that is there works. `suspended`: nothing works.
Access = Literal["full", "limited", "suspended"]
# The dunning step of a failing payment.
LadderStep = Literal["none", "grace", "warned", "limited", "suspended"]
# The client's status, in one word for lists. `free`: there is no subscription. `waiting`: not paid for yet.
Standing = Literal[
    "free", "comp", "waiting", "trialing", "active", "canceling", "past_due", "unpaid", "paused", "ended", "suspended"
]

TO_ANNOUNCE = text("revision <> announced_revision")
TO_METER = text("metered_as_of IS NULL OR metered_as_of <> evaluated_at")


class Entitlement(Base):
    """One row a client. `quotas` has a row for each resource, so that asking for one is one indexed read.

    `proven` stores the subscription's prices and quantities that were last known to be paid for (or on trial).
    `revision` grows whenever the answer to the host platform changes, and `changed_at` is when it did last.
    `announced_revision` is the one that the host platform was told by webhook.
    `metered_as_of` is the `evaluated_at` from which the client's meters were last worked out.
    `unread_stripe_invoice_id` names the invoice that decides whether more is paid for, until it is read from Stripe.
    `reasons` explains the entitlement in sentences. `other_subscriptions` are live ones that should not exist.
    """

    __tablename__ = "entitlement"
    __table_args__ = (
        UniqueConstraint("client_id"),
        CheckConstraint("source IN ('comp', 'subscription', 'base', 'none')", name="source"),
        CheckConstraint("access IN ('full', 'limited', 'suspended')", name="access"),
        CheckConstraint("step IN ('none', 'grace', 'warned', 'limited', 'suspended')", name="step"),
        Index(None, "standing"),
        Index(None, "plan_id"),
        Index("ix_entitlement_to_announce", "client_id", sqlite_where=TO_ANNOUNCE, postgresql_where=TO_ANNOUNCE),
        Index("ix_entitlement_to_meter", "client_id", sqlite_where=TO_METER, postgresql_where=TO_METER),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    source: Mapped[PlanSource] = mapped_column(String(12))
    access: Mapped[Access] = mapped_column(String(9))
    standing: Mapped[Standing] = mapped_column(String(10))
    step: Mapped[LadderStep] = mapped_column(String(9))
    step_ends_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    renews_at: Mapped[datetime | None] = mapped_column(index=True)
    is_over_quota: Mapped[bool] = mapped_column(default=False)
    processor_account_id: Mapped[int | None] = mapped_column(ForeignKey("processor_account.id"))
    stripe_subscription_id: Mapped[str | None]
    other_subscriptions: Mapped[list[Json]] = mapped_column(default=list)
    proven: Mapped[JsonObject] = mapped_column(default=dict)
    unread_stripe_invoice_id: Mapped[str | None] = mapped_column(index=True)
    reasons: Mapped[list[Json]] = mapped_column(default=list)
    evaluated_at: Mapped[datetime]
    metered_as_of: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(BigInteger, default=1)
    announced_revision: Mapped[int] = mapped_column(BigInteger, default=0)
    changed_at: Mapped[datetime]

    plan: Mapped[Plan | None] = relationship()
    quotas: Mapped[list[EntitledQuota]] = relationship(cascade="all, delete-orphan", order_by=EntitledQuota.resource_id)
