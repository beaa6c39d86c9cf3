"""What webhook endpoints and event destinations have in common: an address of ours, and its registration at Stripe."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import PrimaryKey


class RegisteredAddress:
    """The token in the address stays the same when it is registered again, so that deliveries which are still under
    way arrive; the previous secret still verifies them. `problem` says in words why it is not registered.
    """

    id: Mapped[PrimaryKey]
    processor_account_id: Mapped[int] = mapped_column(ForeignKey("processor_account.id"), unique=True)
    token: Mapped[str] = mapped_column(unique=True)
    problem: Mapped[str | None]
    url: Mapped[str | None]
    secret_sealed: Mapped[str | None]
    previous_secret_sealed: Mapped[str | None]
    previous_secret_ends_at: Mapped[datetime | None]
    registered_at: Mapped[datetime | None]
    registrations: Mapped[int] = mapped_column(default=0)

    @property
    def stripe_id(self) -> str | None:
        """The id of the registration at Stripe."""
        raise NotImplementedError

    @stripe_id.setter
    def stripe_id(self, value: str | None) -> None:
        raise NotImplementedError

    def keep_secret(self, sealed: str, previous_ends_at: datetime) -> None:
        """Store a new secret; the previous one verifies its deliveries until `previous_ends_at`."""
        if self.secret_sealed is not None:
            self.previous_secret_sealed = self.secret_sealed
            self.previous_secret_ends_at = previous_ends_at
        self.secret_sealed = sealed

    def forget_registration(self) -> None:
        """After a disconnection nothing more is accepted at this address."""
        self.problem = None
        self.stripe_id = None
        self.secret_sealed = None
        self.previous_secret_sealed = None
        self.previous_secret_ends_at = None
        self.registered_at = None
