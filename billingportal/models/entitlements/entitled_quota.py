"""How much of one resource a client may use."""

from typing import Literal

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.plans.resource import Resource

QuotaSource = Literal["plan", "bought", "override"]


class EntitledQuota(Base):
    """`quota` None is unlimited. `source`: included in the plan, bought by quantity, or granted by staff."""

    __tablename__ = "entitled_quota"
    __table_args__ = (UniqueConstraint("client_id", "resource_id"),)

    id: Mapped[PrimaryKey]
    entitlement_id: Mapped[int] = mapped_column(ForeignKey("entitlement.id"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    quota: Mapped[int | None] = mapped_column(BigInteger)
    reaction: Mapped[Reaction] = mapped_column(String(5))
    source: Mapped[QuotaSource] = mapped_column(String(8))

    resource: Mapped[Resource] = relationship()
