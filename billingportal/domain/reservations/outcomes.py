"""What comes of a reservation: granted or refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billingportal.domain.reservations.places import Place

Reason = Literal["limit_reached", "pool_exhausted", "spending_cap", "limited", "suspended"]


@dataclass(frozen=True)
class Use:
    """What a client uses and has reserved."""

    used: int
    reserved: int


@dataclass(frozen=True)
class Granted:
    """`limit` None is unlimited. `is_over`: use and reservations are above the limit."""

    reservation_id: int
    quantity: int
    expires_at: datetime
    used: int
    reserved: int
    limit: int | None
    is_over: bool

    @property
    def remaining(self) -> int | None:
        """What is left of the limit."""
        return None if self.limit is None else max(0, self.limit - self.used - self.reserved)


@dataclass(frozen=True)
class Refused:
    """Nothing was reserved. `client_id` is the client whose plan is to be changed."""

    reason: Reason
    client_id: int
    used: int
    reserved: int
    limit: int | None


def refused(place: Place, reason: Reason, use: Use | None = None) -> Refused:
    """`use` is the client's use where it is known better than by the place."""
    known = use or Use(place.used or 0, place.reserved)
    return Refused(reason, place.client_id, known.used, known.reserved, place.quota)
