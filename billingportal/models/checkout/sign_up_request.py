"""Sign-ups whose email address has to be confirmed first."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import JsonObject


class SignUpRequest(Base):
    """The sign-up form as it was sent, for every address, known or not. `choice` is the order as URL parameters.

    The link in its email opens it again. Nothing is looked up and nobody is a client before that.
    """

    __tablename__ = "sign_up_request"

    id: Mapped[PrimaryKey]
    mode: Mapped[Mode] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    workspace_name: Mapped[str] = mapped_column(String(120))
    accepted_terms: Mapped[str] = mapped_column(Text, default="")
    choice: Mapped[JsonObject]
    requested_at: Mapped[datetime] = mapped_column(index=True)
