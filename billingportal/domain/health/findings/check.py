"""A check: what it looks at, how often, and the keys that it may find."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billingportal.config import Settings
from billingportal.db import Transaction, reading
from billingportal.domain.health.findings.finding import Found
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.vault import Vault

# The groups of "What was checked" on the Health page, in its order.
Group = Literal["connection", "plans", "clients", "invoices", "usage", "machine"]


@dataclass(frozen=True)
class Surroundings:
    """What a check may use. It opens its own transactions, and none is open while it waits for Stripe.

    `reading` is for checks: they change nothing, and a write transaction would keep other writers waiting.
    """

    transaction: Transaction
    settings: Settings
    vault: Vault
    open_gateway: OpenGateway
    reading: Transaction = reading


class CannotCheck(Exception):
    """The check could not be finished, for the reason given in plain words. That is never agreement."""


@dataclass(frozen=True)
class Result:
    """`as_of` is the oldest of the moments (UTC) for which the result stands: when a stored state was last confirmed,
    not when the check read it."""

    found: tuple[Found, ...]
    as_of: datetime


@dataclass(frozen=True)
class Check:
    """`keys` are those that it may find: after a finished run, what stands under them and was not found is gone.

    `seconds` is the time between two runs. `run` raises CannotCheck. A check of one `mode` leaves the findings of the
    other alone, and each mode's agreement depends on its own checks and on those without a mode.
    """

    name: str
    title: str
    group: Group
    keys: tuple[str, ...]
    seconds: float
    run: Callable[[Surroundings], Result]
    mode: Mode | None = None
