"""Our copy of a meter."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MeterCopy:
    stripe_meter_id: str
    display_name: str
    event_name: str
    status: str
    aggregation: str
    customer_payload_key: str
    value_payload_key: str
    event_time_window: str | None
    created_at: datetime
