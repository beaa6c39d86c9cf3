"""Our copies of a meter, and of what Stripe reports about meter events that it took and rejected later."""

from dataclasses import dataclass
from datetime import datetime

from billingportal.limits import is_storable
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.objects.fields import (
    optional_count,
    optional_text,
    part,
    plain_rows,
    spelled_moment,
    text,
)

UNKNOWN_CODE = "unknown"
# Characters of Stripe's messages that are kept.
LONGEST_MESSAGE = 1000
# Stripe's documents differ in the names by which a sample gives its request.
NAMES = ("identifier", "idempotency_key")


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


@dataclass(frozen=True)
class ThinEventCopy:
    """A notice without data. `context` is the id of the account that it belongs to; None: the key's own."""

    stripe_event_id: str
    type: str
    livemode: bool
    context: str | None
    created_at: datetime
    related_object_id: str | None


@dataclass(frozen=True)
class MeterErrorCopy:
    """Rejections for one reason. `samples` has the names of some of the requests, never of all for sure: one set for
    each request, with everything that Stripe calls it by."""

    code: str
    error_count: int
    samples: tuple[frozenset[str], ...]
    message: str


@dataclass(frozen=True)
class ErrorReportCopy:
    """The data of a report. Its window is the time in which Stripe validated the events."""

    window_starts_at: datetime | None
    window_ends_at: datetime | None
    error_count: int
    errors: tuple[MeterErrorCopy, ...]
    summary: str


def error_report(source: JsonObject) -> ErrorReportCopy:
    """The report in a fetched event. Raises UnreadableObject."""
    data = part(source, "data")
    reason = part(data, "reason")
    errors = tuple(meter_error(row) for row in plain_rows(reason, "error_types"))
    return ErrorReportCopy(
        window_starts_at=spelled_moment(data, "validation_start") if data.get("validation_start") else None,
        window_ends_at=spelled_moment(data, "validation_end") if data.get("validation_end") else None,
        error_count=optional_count(reason, "error_count") or sum(one.error_count for one in errors),
        errors=errors,
        summary=(optional_text(data, "developer_message_summary") or "")[:LONGEST_MESSAGE],
    )


def meter_error(source: JsonObject) -> MeterErrorCopy:
    """The rejections for one reason. A count that is missing, or less than the samples, is that of the samples."""
    samples = plain_rows(source, "sample_errors") if source.get("sample_errors") is not None else []
    messages = [text(one, "error_message") for one in samples if one.get("error_message") is not None]
    return MeterErrorCopy(
        code=optional_text(source, "code") or UNKNOWN_CODE,
        error_count=max(optional_count(source, "error_count") or 0, len(samples)),
        samples=tuple(names_of(part(one, "request")) for one in samples),
        message=(messages[0] if messages else "")[:LONGEST_MESSAGE],
    )


def names_of(request: JsonObject) -> frozenset[str]:
    """The identifier and the idempotency key of a sample's request, as far as Stripe names them."""
    values = (request.get(name) for name in NAMES)
    return frozenset(value for value in values if isinstance(value, str) and is_storable(value))
