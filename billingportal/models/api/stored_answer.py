"""Answers of the API to writes with an idempotency key, which a repeated request gets again."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey
from billingportal.plain_json import JsonObject


class StoredAnswer(Base):
    """`status` None: the request is running, for an operation of several transactions; until `running_until` nobody
    else may run it. `request_hash` is the SHA-256 of method, address and body.

    `has_secret`: the body has one, such as a link, and is sealed. It is kept for a day only, so it is not among the
    secrets that `domain/connection/stored_secrets.py` watches over.
    """

    __tablename__ = "stored_answer"
    __table_args__ = (UniqueConstraint("api_key_id", "idempotency_key"),)

    id: Mapped[LargeKey]
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[JsonObject] = mapped_column(default=dict)
    body: Mapped[str] = mapped_column(Text, default="")
    has_secret: Mapped[bool] = mapped_column(default=False)
    running_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
