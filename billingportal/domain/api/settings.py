"""Reads and stores the settings of the API: how many requests a second each key may send."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.errors import Refusal
from billingportal.limits import whole_number
from billingportal.models import ApiSettings
from billingportal.models.api.api_settings import DEFAULT_REQUESTS_PER_SECOND

THE_ROW = 1
LARGEST = 100_000


def requests_per_second(session: Session) -> int:
    """The rate limit of each key and server process."""
    row = session.get(ApiSettings, THE_ROW)
    return DEFAULT_REQUESTS_PER_SECOND if row is None else row.requests_per_second


def change_requests_per_second(session: Session, typed: str, *, staff_id: int) -> int:
    """Store the rate limit; within 5 seconds it holds in every process. Raises Refusal."""
    number = whole_number(typed.strip(), LARGEST)
    if not number:
        raise Refusal("requests_per_second", f"Write a whole number from 1 to {LARGEST:,}.")
    row = session.get(ApiSettings, THE_ROW, with_for_update=True)
    before = DEFAULT_REQUESTS_PER_SECOND if row is None else row.requests_per_second
    if number == before:
        return number
    if row is None:
        row = ApiSettings(id=THE_ROW)
        session.add(row)
    row.requests_per_second, row.updated_at = number, now()
    words = f"Changed the rate limit of the API from {before:,} to {number:,} requests a second"
    audit.record_act(session, audit.Act("api_settings.changed", words, staff_id=staff_id))
    return number
