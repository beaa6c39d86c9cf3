"""A throw-away client of a rehearsal: at most three live on one clock."""

from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.clients.client import Client
from billingportal.models.rehearsal.rehearsal_life import RehearsalLife

# `buyer` lives the whole life, `changer` changes plans, `debtor` has a card that fails.
Part = Literal["buyer", "changer", "debtor"]


class RehearsalClient(Base):
    __tablename__ = "rehearsal_client"
    __table_args__ = (
        UniqueConstraint("rehearsal_life_id", "part"),
        UniqueConstraint("client_id"),
        CheckConstraint("part IN ('buyer', 'changer', 'debtor')", name="part"),
    )

    id: Mapped[PrimaryKey]
    rehearsal_life_id: Mapped[int] = mapped_column(ForeignKey("rehearsal_life.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    part: Mapped[Part] = mapped_column(String(7))

    life: Mapped[RehearsalLife] = relationship()
    client: Mapped[Client] = relationship()
