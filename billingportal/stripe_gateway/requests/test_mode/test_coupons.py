"""Coupons that a rehearsal makes for itself, so that the partner's own are not redeemed."""

import stripe

from billingportal.stripe_gateway.errors import NotThere
from billingportal.stripe_gateway.requests.calls import ask


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

    def delete(self, coupon_id: str) -> None:
        """Delete a coupon; one that is deleted already, or was never made, is no error."""
        try:
            ask(lambda: self._client.v1.coupons.delete(coupon_id))
        except NotThere:
            return
