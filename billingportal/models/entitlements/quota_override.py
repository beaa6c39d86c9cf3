"""A quota granted by staff. No sync ever undoes it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.plans.resource import Resource


class QuotaOverride(Base):
    """`quota` None is unlimited. A client has at most one per resource that is not ended."""

    __tablename__ = "quota_override"
    __table_args__ = (
        CheckConstraint("quota IS NULL OR quota >= 0", name="quota"),
        Index(
            "uq_quota_override_running",
            "client_id",
            "resource_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"))
    quota: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    given_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    resource: Mapped[Resource] = relationship()
