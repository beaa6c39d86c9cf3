"""An item of the checklist that an owner waived."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base
from billingportal.models.auth.staff import Staff


class ChecklistWaiver(Base):
    """Taking it back deletes the row; the audit log keeps both acts."""

    __tablename__ = "checklist_waiver"

    item: Mapped[str] = mapped_column(String(40), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    waived_at: Mapped[datetime]

    staff: Mapped[Staff] = relationship()
