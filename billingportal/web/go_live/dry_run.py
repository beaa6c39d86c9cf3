"""The draft of a promotion, with the fields of products and the coupons as Stripe has them now."""

from billingportal.db import db
from billingportal.domain.go_live.pairs.pairs import Pairs, all_pairs
from billingportal.domain.go_live.promotion.draft import Draft, draft, missing_products
from billingportal.errors import Refusal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.web.common.stripe_access import stripe_for


def drafted() -> Draft:
    """What would be created now. No transaction is open while Stripe is asked. Raises Refusal and StripeProblem."""
    test, live = stripe_for("test"), stripe_for("live")
    wanted = missing_products(pairs_now())
    db.session().rollback()
    products = {one: test.gateway.catalog_copies.product_params(one) for one in wanted}
    coupons = only_in_test_mode(test.gateway, live.gateway)
    return draft(pairs_now(), products, coupons)


def pairs_now() -> Pairs:
    """Raises Refusal where one of the modes is not connected."""
    pairs = all_pairs(db.session())
    if pairs is None:
        raise Refusal("", "Connect Stripe in both modes first.")
    return pairs


def only_in_test_mode(test: StripeGateway, live: StripeGateway) -> dict[str, str] | None:
    """The coupons of test mode that live mode does not have; None where a key may not read them."""
    try:
        there = live.catalog_copies.coupons()
        return {one: name for one, name in test.catalog_copies.coupons().items() if one not in there}
    except StripeProblem:
        return None
