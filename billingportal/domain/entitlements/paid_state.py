"""Works out which items of a subscription are paid. Pure function.

The status decides: an active subscription whose latest invoice is paid has all its items paid, and one on trial needs
no payment. While neither is true, as when a changed subscription's payment fails, the items proven before stay; they
are stored. Where none are stored, the items that the last paid invoice charged for count. An earlier one tells nothing:
what was paid for once may have been given up since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from billingportal.plain_json import Json, JsonObject

# Quantities by Stripe price id; None for metered prices.
Items = Mapping[str, int | None]
# A trial proves nothing once it is over and its first payment failed.
TRIAL_HOLDS = ("trialing", "active")
# The subscription is live, so items paid before an unpaid change are still there.
KEPT = ("active", "past_due", "unpaid", "paused")


@dataclass(frozen=True)
class PaidState:
    """The items last known to be paid for, or on trial."""

    stripe_subscription_id: str
    by: Literal["trial", "payment"]
    items: Items

    def holds(self, stripe_subscription_id: str, status: str) -> bool:
        if self.stripe_subscription_id != stripe_subscription_id:
            return False
        return self.by == "payment" or status in TRIAL_HOLDS

    def to_json(self) -> JsonObject:
        items: dict[str, Json] = dict(self.items)
        return {"subscription": self.stripe_subscription_id, "by": self.by, "items": items}


def from_json(kept: JsonObject) -> PaidState | None:
    """The stored paid state, if any."""
    name, by, items = kept.get("subscription"), kept.get("by"), kept.get("items")
    if not isinstance(name, str) or not isinstance(items, dict) or by not in ("trial", "payment"):
        return None
    return PaidState(
        name,
        "trial" if by == "trial" else "payment",
        {price: number if isinstance(number, int) else None for price, number in items.items()},
    )


@dataclass(frozen=True)
class Shown:
    """A subscription as Stripe shows it. `latest_is_paid`: its latest invoice is stored and paid."""

    stripe_subscription_id: str
    status: str
    items: Items
    is_paid_by_bill: bool
    latest_is_paid: bool


def prove(shown: Shown, remembered: PaidState | None, charged: Items | None) -> PaidState | None:
    """The paid state now, if any. `charged`: the items that the subscription's last paid invoice charged for."""
    name = shown.stripe_subscription_id
    if shown.status == "trialing":
        return PaidState(name, "trial", shown.items)
    if shown.status == "active" and (shown.latest_is_paid or shown.is_paid_by_bill):
        return PaidState(name, "payment", shown.items)
    if remembered is not None and remembered.holds(name, shown.status):
        return remembered
    if charged is None or shown.status not in KEPT:
        return None
    return PaidState(name, "payment", shown.items if covers(charged, shown.items) else charged)


def covers(charged: Items, items: Items) -> bool:
    """Whether an invoice charged for every licensed item, in at least these quantities."""
    ahead = {price: number for price, number in items.items() if number is not None}
    return bool(ahead) and all((charged.get(price) or 0) >= number for price, number in ahead.items())
