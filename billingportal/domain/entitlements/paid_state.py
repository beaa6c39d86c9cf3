"""Works out which items of a subscription are paid. Pure function.

The status decides: an active subscription that owes nothing has all its items paid, and one on trial needs no payment.
While neither is true, as when a changed subscription's payment fails, the items proven before stay; they are stored.
Where none are stored, the items that the last paid invoice charged for count. An earlier one tells nothing: what was
paid for once may have been given up since. A subscription of metered prices only is paid afterwards: it keeps its
items while its payment fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from billingportal.domain.subscriptions.status import FAILING_STATUSES
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
    """A subscription as Stripe shows it. `owes_nothing`: by its invoices, while it is active.

    `is_yet_to_pay`: it had a trial, or its newest invoice is still a draft.
    """

    stripe_subscription_id: str
    status: str
    items: Items
    is_paid_by_bill: bool
    owes_nothing: bool
    is_yet_to_pay: bool = False

    @property
    def is_paid_afterwards(self) -> bool:
        """Whether all its prices are metered."""
        return bool(self.items) and all(number is None for number in self.items.values())


def prove(shown: Shown, remembered: PaidState | None, charged: Items | None) -> PaidState | None:
    """The paid state now, if any. `charged`: the items that the subscription's last paid invoice charged for."""
    name = shown.stripe_subscription_id
    if shown.status == "trialing":
        return PaidState(name, "trial", shown.items)
    if shown.status == "active" and (shown.owes_nothing or shown.is_paid_by_bill):
        return PaidState(name, "trial" if is_first_charge(shown, charged) else "payment", shown.items)
    if shown.status in FAILING_STATUSES and shown.is_paid_afterwards:
        return PaidState(name, "payment", shown.items)
    if remembered is not None and remembered.holds(name, shown.status):
        return remembered
    if charged is None or shown.status not in KEPT:
        return None
    return PaidState(name, "payment", shown.items if covers(charged, shown.items) else charged)


def is_first_charge(shown: Shown, charged: Items | None) -> bool:
    """Whether its first charge is still to come, as in the hour after a trial: if that fails, nothing was ever paid."""
    is_in_advance = not (shown.is_paid_afterwards or shown.is_paid_by_bill)
    return shown.is_yet_to_pay and charged is None and is_in_advance


def covers(charged: Items, items: Items) -> bool:
    """Whether an invoice charged for every licensed item, in at least these quantities."""
    ahead = {price: number for price, number in items.items() if number is not None}
    return bool(ahead) and all((charged.get(price) or 0) >= number for price, number in ahead.items())
