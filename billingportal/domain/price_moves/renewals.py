"""The renewals of a subscription. Pure.

Stripe counts periods from the billing cycle anchor; where a month has no such day, it renews on the month's last
(docs.stripe.com, "Set the billing cycle date"). So the renewal after 28 February may be on 31 March.
"""

import calendar
from datetime import date, datetime, timedelta

from billingportal.domain.offers.offers import Period

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}


def later(anchor: datetime, period: Period, times: int) -> datetime:
    """The moment that many periods after the anchor."""
    interval, count = period
    if interval in DAYS:
        return anchor + timedelta(days=DAYS[interval] * count * times)
    months = anchor.month - 1 + MONTHS[interval] * count * times
    year, month = anchor.year + months // 12, months % 12 + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, calendar.monthrange(year, month)[1]))


def first_renewal(anchor: datetime, next_renewal: datetime, period: Period, earliest: date) -> datetime:
    """The first renewal, from the next one on, whose day is not before `earliest`. Days are of UTC."""
    found, times = next_renewal, times_between(anchor, next_renewal, period)
    while found.date() < earliest:
        times += 1
        found = later(anchor, period, times)
    return found


def times_between(anchor: datetime, renewal: datetime, period: Period) -> int:
    """How many periods after the anchor the last renewal is that is not after this one."""
    times = 0
    while later(anchor, period, times + 1) <= renewal:
        times += 1
    return times


def earliest_day(today: date, notice_days: int, from_day: date | None) -> date:
    """The first day on which a price may change: the email comes at least the notice days before."""
    noticed = today + timedelta(days=notice_days)
    return max(noticed, from_day) if from_day is not None else noticed
