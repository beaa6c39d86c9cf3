"""How many requests were answered, by kind and status. Every web process adds to the same rows."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base


class RequestCount(Base):
    """`kind`: pages, api, webhooks or static. `status`: the first digit of the HTTP status, as `2xx`."""

    __tablename__ = "request_count"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    status: Mapped[str] = mapped_column(String(3), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
