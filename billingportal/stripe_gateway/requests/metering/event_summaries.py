"""Stripe's own totals of meter events."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.objects.fields import decimal, moment
from billingportal.stripe_gateway.requests.calls import ask_all

# A total is a float: beyond 2**53 it is not exact, and two totals that differ may look equal.
LARGEST_EXACT = Decimal(2**53)
DAY = timedelta(days=1)


class EventSummaries:
    """Every method may raise a StripeProblem."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def day_totals(self, meter_id: str, customer_id: str, first: date, last: date) -> dict[date, Decimal]:
        """A customer's total of each UTC day from `first` to `last`, both included. Days without events may be missing.

        Stripe counts with a delay and names no time up to which its totals are complete. Raises UnreadableObject for a
        total that is not exact, for a day that was not asked for, and for a day that comes twice.
        """
        filters: JsonObject = {
            "customer": customer_id,
            "start_time": int(midnight(first).timestamp()),
            "end_time": int(midnight(last + DAY).timestamp()),
            "value_grouping_window": "day",
        }
        found: dict[date, Decimal] = {}
        for row in ask_all(partial(self._client.v1.billing.meters.event_summaries.list, meter_id), filters):
            day, total = day_of(row), total_of(row)
            if day in found or not first <= day <= last:
                raise UnreadableObject("the total of a day comes twice, or was not asked for")
            found[day] = total
        return found


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def day_of(row: JsonObject) -> date:
    starts_at, ends_at = moment(row, "start_time"), moment(row, "end_time")
    if starts_at != midnight(starts_at.date()) or ends_at - starts_at != DAY:
        raise UnreadableObject("a total is not of a day")
    return starts_at.date()


def total_of(row: JsonObject) -> Decimal:
    value = row.get("aggregated_value")
    total = None if isinstance(value, bool) else decimal(value)
    if total is None or abs(total) > LARGEST_EXACT:
        raise UnreadableObject("a total is not an exact number")
    return total
