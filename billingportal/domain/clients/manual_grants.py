"""Validation shared by all grants of staff: a reason, and an optional last day."""

from datetime import UTC, date, datetime, time

from billingportal.errors import Refusal

LONGEST_REASON = 200


def checked_reason(reason: str) -> str:
    """The reason without needless blanks. Raises Refusal."""
    clean = " ".join(reason.split())
    if not clean:
        raise Refusal("reason", "Say why, so that everybody knows later.")
    if len(clean) > LONGEST_REASON:
        raise Refusal("reason", f"Use at most {LONGEST_REASON} characters; these are {len(clean)}.")
    return clean


def end_of(last_day: date | None, moment: datetime) -> datetime | None:
    """The last second of the last day, in UTC. Raises Refusal for a day that is over by the client's time."""
    if last_day is None:
        return None
    ends_at = datetime.combine(last_day, time(23, 59, 59), UTC)
    if ends_at <= moment:
        raise Refusal("expires_on", "This day is over. Choose today or a later day, or none.")
    return ends_at
