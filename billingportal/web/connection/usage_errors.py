"""The line "Usage errors" of the Payment Processor page: how Stripe's reports about rejected meter events come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.domain.common.severity import Severity
from billingportal.domain.connection.event_destination import DESTINATION
from billingportal.models import ClientMeter, EventDestination, MeterDay, ProcessorAccount

# A repair is shown in place of "registered" for this long.
SHOWN_REPAIRED = timedelta(days=1)
FETCHED = "Your key may not register it, or this address is not public. Reports are fetched instead; nothing is missed."


@dataclass(frozen=True)
class UsageErrors:
    """An icon and words; `detail` says why. `rejected_units` are those of today (UTC)."""

    kind: Severity | Literal["busy"]
    words: str
    detail: str = ""
    repaired_at: datetime | None = None
    url: str | None = None
    rejected_units: int = 0

    @property
    def is_reading(self) -> bool:
        return self.kind == "info"


def usage_errors(session: Session, settings: Settings, account: ProcessorAccount) -> UsageErrors:
    """The line. Without a working key it is unknown."""
    row = account.destination
    if account.key_state != "working":
        return UsageErrors("mute", "unknown", "Checked again once the key works.")
    rejected = rejected_today(session, account.id)
    if row is None or row.state == "waiting":
        return UsageErrors("busy", "Registering…", rejected_units=rejected)
    if row.state == "reading":
        return UsageErrors("info", "read every minute", reading_words(row), rejected_units=rejected)
    url = DESTINATION.address(settings.public_url, row.token) if settings.public_url else None
    if row.repaired_at is not None and row.repaired_at > now() - SHOWN_REPAIRED:
        return UsageErrors("ok", "repaired", row.repair or "", row.repaired_at, url, rejected)
    return UsageErrors("ok", "registered", url=url, rejected_units=rejected)


def reading_words(row: EventDestination) -> str:
    """Why reports are read: the reason, and that nothing is missed."""
    return f"{row.problem} Nothing is missed." if row.problem else FETCHED


def rejected_today(session: Session, account_id: int) -> int:
    """The units of today's use (UTC) that Stripe rejected."""
    found = session.scalar(
        select(func.coalesce(func.sum(MeterDay.rejected), 0))
        .join(ClientMeter, ClientMeter.id == MeterDay.client_meter_id)
        .where(MeterDay.day == now().date(), ClientMeter.processor_account_id == account_id)
    )
    return int(found or 0)
