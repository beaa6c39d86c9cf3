"""What a difference of the ledger is worth, by the terms of the price that bills the meter. Pure."""

from billingportal.domain.metering.ledger.contributions import takes_newest
from billingportal.domain.prices.pricing import Terms, amount
from billingportal.models import Meter
from billingportal.money import Money


def worth(terms: Terms, base: int, units: int) -> Money:
    """What `units` add to the charge of a period whose total is `base`: both may be negative.

    Stripe bills a negative total as nothing.
    """
    before, after = amount(terms, max(base, 0)), amount(terms, max(base + units, 0))
    return Money(after.minor - before.minor, terms.currency)


def added_units(meter: Meter, base: int, value: int, count: int) -> int:
    """How much events add to a period's total: their values, their number, or the step from the level so far."""
    if meter.aggregation == "count":
        return count
    return value - base if takes_newest(meter) else value
