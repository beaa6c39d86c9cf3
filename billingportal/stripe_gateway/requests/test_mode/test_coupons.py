"""Coupons that a rehearsal makes for itself, so that the partner's own are not redeemed."""

from datetime import datetime

import stripe

from billingportal.stripe_gateway.errors import NotThere, RightMissing
from billingportal.stripe_gateway.objects.fields import optional_text, short_text
from billingportal.stripe_gateway.requests.calls import ask, ask_all


class TestCoupons:
    """Every method may raise a StripeProblem."""

    __test__ = False

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def create(self, coupon_id: str, percent_off: int, name: str) -> None:
        """Create a coupon with an id of our own, for as long as a subscription lasts."""
        params: stripe.params.CouponCreateParams = {
            "id": coupon_id,
            "percent_off": percent_off,
            "duration": "forever",
            "name": name,
        }
        options: stripe.RequestOptions = {"idempotency_key": f"{coupon_id}-coupon"}
        ask(lambda: self._client.v1.coupons.create(params=params, options=options))

    def named(self, name: str, before: datetime) -> list[str]:
        """The ids of the coupons with a name that were made before a time; none where the key may not list them."""
        try:
            rows = ask_all(self._client.v1.coupons.list, {"created": {"lt": int(before.timestamp())}})
        except RightMissing:
            return []
        return [short_text(row, "id") for row in rows if optional_text(row, "name") == name]

    def delete(self, coupon_id: str) -> None:
        """Delete a coupon; one that is deleted already, or was never made, is no error."""
        try:
            ask(lambda: self._client.v1.coupons.delete(coupon_id))
        except NotThere:
            return
