"""An audit under way."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Work:
    """An audit under way: its row's id, its account, and what it is about."""

    audit_id: int
    account_id: int
    started_at: datetime
    is_dry_run: bool
    client_id: int | None = None
    stripe_customer_id: str | None = None
