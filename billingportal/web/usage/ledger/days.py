"""Days as the ledger's tables say them."""

from datetime import date

from billingportal.clock import now


def short_day(day: date) -> str:
    """ "Today", else the date, without the year where it is the present one."""
    if day == now().date():
        return "Today"
    return f"{day.day} {day:%b}" if day.year == now().year else f"{day.day} {day:%b %Y}"
