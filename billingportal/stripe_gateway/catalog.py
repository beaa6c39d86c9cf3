"""Finds prices at Stripe by what people know of them."""

import re
from typing import cast

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.calls import ask
from billingportal.stripe_gateway.errors import NotThere

# Stripe's refusal tells when the object is there for a key of the other mode.
IN_OTHER_MODE = re.compile(r"similar object exists in (test|live) mode")


def price_id_of_lookup_key(client: stripe.StripeClient, lookup_key: str) -> str | None:
    """The active price that has the lookup key now. Raises a StripeProblem."""
    answer, _ = ask(lambda: client.v1.prices.list(params={"lookup_keys": [lookup_key], "active": True, "limit": 1}))
    rows = cast(list[JsonObject], answer["data"])
    return str(rows[0]["id"]) if rows else None


def is_price_of_other_mode(client: stripe.StripeClient, price_id: str) -> bool:
    """Whether Stripe says that the price exists, but not in the mode of this key. Raises a StripeProblem."""
    try:
        ask(lambda: client.v1.prices.retrieve(price_id))
    except NotThere as refusal:
        return IN_OTHER_MODE.search(refusal.message) is not None
    return False
