"""What a coupon takes off, computed here from its terms."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from billingportal.domain.rehearsal.calendar import after
from billingportal.domain.rehearsal.promises import ExpectedLine
from billingportal.domain.rehearsal.stage import Scene
from billingportal.money import round_minor
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.requests.test_mode.test_customers import Coupon

HUNDRED = Decimal(100)


def coupon_json(coupon: Coupon) -> JsonObject:
    """The coupon's terms as a step's intent keeps them."""
    percent = None if coupon.percent_off is None else format(coupon.percent_off, "f")
    return {
        "id": coupon.stripe_coupon_id,
        "percent": percent,
        "amount": coupon.amount_off,
        "currency": coupon.currency,
        "duration": coupon.duration,
        "months": coupon.months,
    }


def discount_of(scene: Scene, lines: Sequence[ExpectedLine], at: datetime) -> int:
    """The minor units that the client's coupon takes off an invoice made at this time; each line is rounded once."""
    coupon = scene.recalled("coupon")
    if not isinstance(coupon, dict) or not applies(scene, coupon, at):
        return 0
    percent, amount = coupon.get("percent"), coupon.get("amount")
    if isinstance(percent, str):
        return sum(round_minor(line.amount.minor * Decimal(percent) / HUNDRED) for line in lines)
    total = sum(line.amount.minor for line in lines)
    is_same = bool(lines) and lines[0].amount.currency == coupon.get("currency")
    return min(amount, total) if isinstance(amount, int) and is_same else 0


def applies(scene: Scene, coupon: JsonObject, at: datetime) -> bool:
    """Whether the coupon still runs: for good, for some months, or for the first invoice alone."""
    began, months = scene.moment("began"), coupon.get("months")
    if coupon.get("duration") == "repeating" and isinstance(months, int):
        return at < after(began, ("month", 1), months)
    return coupon.get("duration") == "forever" or at == began
