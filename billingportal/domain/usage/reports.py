"""What the host platform reports, and what the portal answers for each record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billingportal.db import Database
from billingportal.domain.common.references import Ref

Reason = Literal[
    "unknown_workspace",
    "archived_workspace",
    "unknown_client",
    "unknown_resource",
    "wrong_kind",
    "mixed_scope",
    "out_of_range",
    "quantity_not_one",
    "in_the_future",
    "too_old",
    "key_reused",
]
Result = Literal["accepted", "duplicate", "refused"]
# Tells the times of those clients that live on a Stripe test clock, by client id.
ClockTimes = Callable[[Database, Sequence[int]], Mapping[int, datetime]]


def no_clocks(_: Database, __: Sequence[int]) -> Mapping[int, datetime]:
    """For live mode, which has no test clocks."""
    return {}


@dataclass(frozen=True)
class Report:
    """One record as it was sent: a quantity of a counter, or the level of a gauge.

    It names either a workspace or a whole client. `at` None is the time of arrival.
    """

    key: str
    workspace: Ref | None
    client: Ref | None
    resource: str
    amount: int
    kind: Literal["quantity", "level"]
    at: datetime | None = None


@dataclass(frozen=True)
class Taken:
    """The answer to one record. `used` and `limit` are the client's now; `limit` None is unlimited.

    Both are None where the record names no client or resource that is known.
    """

    key: str
    result: Result
    reason: Reason | None = None
    used: int | None = None
    limit: int | None = None
    over: bool = False
