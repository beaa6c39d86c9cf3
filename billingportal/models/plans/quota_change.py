"""A change of the quotas of a plan that has clients, and the clients to whom it applies."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.plain_json import JsonObject

AppliesTo = Literal["everybody", "renewals", "new_clients"]


class QuotaChange(Base):
    """`before` and `after` contain the quotas that changed, by resource id as text; null is unlimited.

    `everybody`: at once. `renewals`: each client from its first period that starts afterwards. `new_clients`: only
    those who take the plan afterwards.
    """

    __tablename__ = "plan_change"
    __table_args__ = (CheckConstraint("applies_to IN ('everybody', 'renewals', 'new_clients')", name="applies_to"),)

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    applies_to: Mapped[AppliesTo] = mapped_column(String(12))
    before: Mapped[JsonObject]
    after: Mapped[JsonObject]
    changed_at: Mapped[datetime]
