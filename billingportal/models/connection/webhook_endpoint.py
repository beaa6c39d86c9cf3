"""A processor account's webhook: our address, and the endpoint registered for it at Stripe."""

from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, PrimaryKey

EndpointState = Literal["waiting", "registered", "unreachable", "refused", "full"]


class WebhookEndpoint(Base):
    """`waiting`: not tried yet. `unreachable`: Stripe could not reach us, so none is registered.
    `refused`: Stripe refused it, `problem` says why. `full`: all 16 endpoints are in use.

    The token in the address stays the same when the endpoint is registered again, so that deliveries
    which are still under way arrive; the previous secret still verifies them.
    """

    __tablename__ = "webhook_endpoint"

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), unique=True)
    token: Mapped[str] = mapped_column(unique=True)
    state: Mapped[EndpointState] = mapped_column(String(12), default="waiting")
    problem: Mapped[str | None]
    url: Mapped[str | None]
    stripe_webhook_endpoint_id: Mapped[str | None]
    secret_sealed: Mapped[str | None]
    previous_secret_sealed: Mapped[str | None]
    previous_secret_ends_at: Mapped[datetime | None]
    registered_at: Mapped[datetime | None]
    registrations: Mapped[int] = mapped_column(default=0)

    def keep_secret(self, sealed: str, previous_ends_at: datetime) -> None:
        """Store a new secret; the previous one verifies its deliveries until `previous_ends_at`."""
        if self.secret_sealed is not None:
            self.previous_secret_sealed = self.secret_sealed
            self.previous_secret_ends_at = previous_ends_at
        self.secret_sealed = sealed

    def forget_registration(self) -> None:
        """After a disconnection nothing more is accepted at this address."""
        self.state = "waiting"
        self.problem = None
        self.stripe_webhook_endpoint_id = None
        self.secret_sealed = None
        self.previous_secret_sealed = None
        self.previous_secret_ends_at = None
        self.registered_at = None
