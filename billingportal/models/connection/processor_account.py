"""One Stripe account in one mode that the portal is, was or may soon be connected to."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from billingportal.db import Base, PrimaryKey
from billingportal.models.connection.catch_up import CatchUp
from billingportal.models.connection.event_destination import EventDestination
from billingportal.models.connection.webhook_endpoint import WebhookEndpoint
from billingportal.plain_json import Json

Mode = Literal["test", "live"]
AccountState = Literal["offered", "connected", "disconnected"]
KeyState = Literal["working", "expired", "rejected", "unreadable"]
MODES: tuple[Mode, ...] = ("test", "live")


class ProcessorAccount(Base):
    """At most one account a mode is connected; others keep their history.

    `offered` means: a key of another account was pasted and waits for confirmation. `stripe_account_id` is empty
    for a restricted key that may not read it. `clock_skew_seconds`: how much this machine's clock was ahead of Stripe's
    at the last check, or behind it when negative.
    """

    __tablename__ = "processor_account"
    __table_args__ = (
        UniqueConstraint("stripe_account_id", "mode"),
        Index(
            "uq_processor_account_connected_mode",
            "mode",
            unique=True,
            sqlite_where=text("state = 'connected'"),
            postgresql_where=text("state = 'connected'"),
        ),
    )

    id: Mapped[PrimaryKey]
    stripe_account_id: Mapped[str | None]
    mode: Mapped[Mode] = mapped_column(String(4))
    state: Mapped[AccountState] = mapped_column(String(12))
    name: Mapped[str | None]
    country: Mapped[str | None]
    currency: Mapped[str | None]
    charges_enabled: Mapped[bool | None]
    key_sealed: Mapped[str | None]
    key_prefix: Mapped[str | None]
    key_last_four: Mapped[str | None]
    key_state: Mapped[KeyState] = mapped_column(String(12), default="working")
    key_problem: Mapped[str | None]
    preflight: Mapped[list[Json]] = mapped_column(default=list)
    connected_at: Mapped[datetime | None]
    disconnected_at: Mapped[datetime | None]
    check_requested_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_problem: Mapped[str | None]
    clock_skew_seconds: Mapped[int | None]
    next_check_at: Mapped[datetime | None] = mapped_column(index=True)

    endpoint: Mapped[WebhookEndpoint | None] = relationship(uselist=False)
    destination: Mapped[EventDestination | None] = relationship(uselist=False)
    catch_up: Mapped[CatchUp | None] = relationship(uselist=False)

    @property
    def display_name(self) -> str:
        """The account's name, else its id, else a description with its mode."""
        return self.name or self.stripe_account_id or f"Stripe account in {self.mode} mode"

    @property
    def livemode(self) -> bool:
        return self.mode == "live"

    @property
    def is_verifying(self) -> bool:
        """Whether a check was asked for and has not ended yet."""
        return self.check_requested_at is not None

    def forget_key(self) -> None:
        """Keep nothing of the key but its last four characters, which the history names."""
        self.key_sealed = None
        self.key_problem = None
