"""The usage of one resource by a workspace."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey


class WorkspaceUsage(Base):
    """Usage belongs to the workspace, so it moves with the workspace to another client.

    `record_id` is the record that it comes from; None after a confirmed reservation raised it.
    """

    __tablename__ = "workspace_usage"
    __table_args__ = (
        UniqueConstraint("workspace_id", "resource_id"),
        CheckConstraint("used >= 0", name="used"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"))
    resource_id: Mapped[int] = mapped_column(ForeignKey("resource.id"), index=True)
    used: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime]
    record_id: Mapped[int | None] = mapped_column(BigInteger)
