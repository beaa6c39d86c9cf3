"""What webhook endpoints and event destinations have in common: an address of ours, and its registration at Stripe."""

from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import PrimaryKey
from billingportal.plain_json import JsonObject

# What a check may find wrong with a registration at Stripe, and repair.
Wrong = Literal["missing", "disabled", "moved", "events", "version", "signature", "duplicate"]
# Repairs of the same kind within this time are counted together.
COUNTED_TOGETHER = timedelta(days=1)


class RegisteredAddress:
    """The token in the address stays the same when it is registered again, so that deliveries which are still under
    way arrive; the previous secret still verifies them. `problem` says in words why it is not registered.

    `repaired` tells, by what was wrong, when it was last repaired and how often within a day. `signature_failures`
    counts messages at our address whose signature was wrong, within an hour of each other.
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
    repaired: Mapped[JsonObject] = mapped_column(default=dict)
    signature_failures: Mapped[int] = mapped_column(default=0)
    signature_failed_at: Mapped[datetime | None]

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

    def note_repair(self, wrong: Wrong, moment: datetime) -> None:
        """Remember that something was wrong at Stripe and was repaired."""
        last = self.last_repair(wrong)
        times = last[1] if last is not None and last[0] > moment - COUNTED_TOGETHER else 0
        self.repaired = {**(self.repaired or {}), wrong: {"at": moment.isoformat(), "times": times + 1}}

    def last_repair(self, wrong: Wrong) -> tuple[datetime, int] | None:
        """When this was last repaired, and how often within a day of each other."""
        found = (self.repaired or {}).get(wrong)
        if not isinstance(found, dict):
            return None
        return datetime.fromisoformat(cast(str, found["at"])), cast(int, found["times"])

    def forget_registration(self) -> None:
        """After a disconnection nothing more is accepted at this address."""
        self.problem = None
        self.stripe_id = None
        self.secret_sealed = None
        self.previous_secret_sealed = None
        self.previous_secret_ends_at = None
        self.registered_at = None
        self.repaired = {}
        self.signature_failures, self.signature_failed_at = 0, None
