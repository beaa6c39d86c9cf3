"""The quota of one resource in a plan, and the reaction when it is used up."""

from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.resource import Resource

Reaction = Literal["block", "warn", "bill"]


class PlanQuota(Base):
    """`quota` None is unlimited, 0 is none. `block`: refuse more. `warn`: allow more and flag it. `bill`: charge it."""

    __tablename__ = "plan_quota"
    __table_args__ = (
        UniqueConstraint("plan_id", "resource_id"),
        CheckConstraint("quota IS NULL OR quota >= 0", name="quota"),
        CheckConstraint("reaction IN ('block', 'warn', 'bill')", name="reaction"),
    )

    id: Mapped[PrimaryKey]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), index=True)
    quota: Mapped[int | None] = mapped_column(BigInteger)
    reaction: Mapped[Reaction] = mapped_column(String(5), default="block")

    resource: Mapped[Resource] = relationship()
