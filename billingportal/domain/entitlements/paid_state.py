"""What of a subscription is known to be paid for. Pure.

Stripe's word for it is the status: an active subscription whose latest invoice is paid is paid for as it stands, and
one on trial needs no payment. While neither holds, as when a changed subscription's payment fails, what was proven
before stays; that is remembered. Where nothing is remembered, the last paid invoice tells what it charged for. An
earlier one tells nothing: what was paid for once may have been given up since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from billingportal.plain_json import Json, JsonObject

# By price, with the quantity; metered prices have none.
Items = Mapping[str, int | None]
# A trial proves nothing once it is over and its first payment failed.
TRIAL_HOLDS = ("trialing", "active")
# It runs, so what was paid before the change that is not paid is still there.
KEPT = ("active", "past_due", "unpaid", "paused")


@dataclass(frozen=True)
class PaidState:
    """What was last known to be paid for, or tried."""

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
    """The proof that was remembered, if any."""
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
    """A subscription as Stripe shows it. `latest_is_paid`: its latest invoice is here and paid."""

    stripe_subscription_id: str
    status: str
    items: Items
    is_paid_by_bill: bool
    latest_is_paid: bool


def prove(shown: Shown, remembered: PaidState | None, charged: Items | None) -> PaidState | None:
    """What is proven now. `charged` is what the last paid invoice of the subscription charged for."""
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
    """Whether an invoice charged for all that is paid ahead, in these numbers."""
    ahead = {price: number for price, number in items.items() if number is not None}
    return bool(ahead) and all((charged.get(price) or 0) >= number for price, number in ahead.items())
