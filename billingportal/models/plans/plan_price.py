"""The link from a plan to one Stripe Price in one mode."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.resource import Resource
from billingportal.plain_json import JsonObject

PriceRole = Literal["flat", "quantity", "usage"]


class PlanPrice(Base):
    """`flat`: the plan itself. `quantity`: sells a number of a resource, which becomes the quota. `usage`: bills the
    use of a resource by a meter.

    `linked_as` is a snapshot of the price, its product and its meter at the time of linking, to detect drift at Stripe.
    """

    __tablename__ = "plan_price"
    __table_args__ = (
        UniqueConstraint("plan_id", "processor_account_id", "stripe_price_id"),
        CheckConstraint("role IN ('flat', 'quantity', 'usage')", name="role"),
        CheckConstraint("(role = 'flat') = (resource_id IS NULL)", name="resource"),
        Index(None, "processor_account_id", "stripe_price_id"),
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

    resource: Mapped[Resource | None] = relationship()
