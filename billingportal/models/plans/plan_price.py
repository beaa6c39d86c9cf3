"""The link from a plan to one Stripe Price in one mode."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.resource import Resource
from billingportal.plain_json import JsonObject

PriceRole = Literal["flat", "quantity", "usage"]


class PlanPrice(Base):
    """`flat`: the plan itself. `quantity`: sells a number of a resource, which becomes the quota. `usage`: bills the
    use of a resource by a meter.

    A link was for sale from `linked_at` until `retired_at`. A retired one goes on telling what subscriptions bought by
    it, so a plan may have several links to one price; the database enforces at most one for sale. A retired link that
    staff removed from the page `is_hidden`.

    `linked_as` is a snapshot of the price, its product and its meter at the time of linking, to detect drift at Stripe.
    """

    __tablename__ = "plan_price"
    __table_args__ = (
        CheckConstraint("role IN ('flat', 'quantity', 'usage')", name="role"),
        CheckConstraint("(role = 'flat') = (resource_id IS NULL)", name="resource"),
        CheckConstraint("NOT is_hidden OR retired_at IS NOT NULL", name="hidden"),
        Index(None, "processor_account_id", "stripe_price_id"),
        Index(
            "uq_plan_price_for_sale",
            "plan_id",
            "processor_account_id",
            "stripe_price_id",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"))
    stripe_price_id: Mapped[str]
    role: Mapped[PriceRole] = mapped_column(String(8))
    resource_id: Mapped[int | None] = mapped_column(ForeignKey("resource.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    linked_as: Mapped[JsonObject] = mapped_column(default=dict)
    linked_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    is_hidden: Mapped[bool] = mapped_column(default=False)

    resource: Mapped[Resource | None] = relationship()
