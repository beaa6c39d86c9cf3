"""A plan: a name, quotas, prices, a trial, and features to advertise."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan_price import PlanPrice
from billingportal.models.plans.plan_quota import PlanQuota
from billingportal.plain_json import Json

PlanState = Literal["draft", "active", "archived"]
# A trial that ends without a card: Stripe pauses it (`pause`) or cancels it; then there is no plan or the default one.
TrialEnd = Literal["pause", "cancel", "default"]


class Plan(Base):
    """Only `active` plans are sold and shown. The database enforces at most one Default and one Featured plan.

    `key` names it in the API and never changes.
    `revision` grows with every edit, so that the second of two concurrent edits raises Conflict.
    """

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'active', 'archived')", name="state"),
        CheckConstraint("trial_end IN ('pause', 'cancel', 'default')", name="trial_end"),
        CheckConstraint("trial_days >= 0 AND trial_days <= 730", name="trial_days"),
        CheckConstraint("NOT (is_default AND state = 'archived')", name="default_is_not_archived"),
        Index(
            "uq_plan_is_default",
            "is_default",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
        Index(
            "uq_plan_is_featured",
            "is_featured",
            unique=True,
            sqlite_where=text("is_featured"),
            postgresql_where=text("is_featured"),
        ),
    )

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    description: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[PlanState] = mapped_column(String(8), default="draft")
    position: Mapped[int]
    is_default: Mapped[bool] = mapped_column(default=False)
    is_featured: Mapped[bool] = mapped_column(default=False)
    trial_days: Mapped[int] = mapped_column(default=0)
    trial_needs_card: Mapped[bool] = mapped_column(default=True)
    trial_end: Mapped[TrialEnd] = mapped_column(String(7), default="default")
    is_on_request: Mapped[bool] = mapped_column(default=False)
    features: Mapped[list[Json]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    quotas: Mapped[list[PlanQuota]] = relationship(cascade="all, delete-orphan", order_by=PlanQuota.id)
    links: Mapped[list[PlanPrice]] = relationship(
        cascade="all, delete-orphan", order_by=[PlanPrice.position, PlanPrice.id]
    )

    @property
    def prices(self) -> tuple[PlanPrice, ...]:
        """The links that are for sale."""
        return tuple(link for link in self.links if link.retired_at is None)

    @property
    def is_priced(self) -> bool:
        """Whether it has a price: one for sale, or a retired one that clients may still pay."""
        return any(not link.is_hidden for link in self.links)

    @property
    def is_empty(self) -> bool:
        """Whether it has no price and limits nothing: everybody could have everything for nothing."""
        return not self.is_priced and not self.is_on_request and all(row.quota is None for row in self.quotas)
