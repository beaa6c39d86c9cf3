"""Stripe's periods: counted from the anchor, and cut to the last day of shorter months."""

import calendar
from datetime import datetime, timedelta

from billingportal.domain.offers.offers import Period

# Stripe makes a renewal's invoice a draft for an hour; a few minutes more, and it is final and paid.
AFTER_DRAFT = timedelta(hours=1, minutes=10)


def after(anchor: datetime, period: Period, number: int = 1) -> datetime:
    """The end of the period with this number, counted from the anchor."""
    interval, count = period
    if interval in ("day", "week"):
        return anchor + timedelta(days=(7 if interval == "week" else 1) * count * number)
    months = anchor.month - 1 + (12 if interval == "year" else 1) * count * number
    year, month = anchor.year + months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return anchor.replace(year=year, month=month, day=min(anchor.day, last))
