"""The settings of the API."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base

DEFAULT_REQUESTS_PER_SECOND = 200


class ApiSettings(Base):
    """Requests a second for each API key and server process. At most one row; without it, the default."""

    __tablename__ = "api_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("requests_per_second > 0", name="requests_per_second"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    requests_per_second: Mapped[int]
    updated_at: Mapped[datetime]
