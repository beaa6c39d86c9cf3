"""Reads a typed price reference: a Price ID, a lookup key, or a text that people paste by mistake."""

import re
from dataclasses import dataclass

from billingportal.errors import Refusal

FIELD = "price"
LONGEST_LOOKUP_KEY = 200
PRICE_ID = re.compile(r"price_[A-Za-z0-9]+")
ID = re.compile(r"[a-z]+_((test|live)_)?(?P<random>[A-Za-z0-9]{8,})")
EXPECTED = "Paste a Price ID, which starts with price_, or a lookup key."

# Objects of Stripe whose ids are close at hand where a Price ID is copied.
REFUSED_PREFIXES = (
    ("prod_", "This is a product ID. A product can have several prices; open it in Stripe and copy the ID of one."),
    ("plan_", "This is the ID of an old Stripe plan. Create a price of the same product in Stripe and paste its ID."),
    ("mtr_", "This is a meter ID. Paste the ID of a price that bills by this meter."),
    ("sub_", f"This is a subscription ID. {EXPECTED}"),
    ("cus_", f"This is a customer ID. {EXPECTED}"),
    ("sk_", f"This is a secret key. Keep it out of this field. {EXPECTED}"),
    ("rk_", f"This is a restricted key. Keep it out of this field. {EXPECTED}"),
    ("pk_", f"This is a publishable key. {EXPECTED}"),
)


@dataclass(frozen=True)
class Reference:
    """One of the two is set."""

    stripe_price_id: str | None = None
    lookup_key: str | None = None


def read_reference(typed: str) -> Reference:
    """The reference in the text; an address of the Stripe dashboard is searched for the Price ID in it.

    Raises Refusal with what to paste instead.
    """
    text = typed.strip()
    if not text:
        raise Refusal(FIELD, EXPECTED)
    if "://" in text or text.startswith(("dashboard.stripe.com", "www.")):
        return of_address(text)
    for prefix, words in REFUSED_PREFIXES:
        if text.startswith(prefix) and is_id(text):
            raise Refusal(FIELD, words)
    if PRICE_ID.fullmatch(text):
        return Reference(stripe_price_id=text)
    if len(text) > LONGEST_LOOKUP_KEY or not text.isprintable():
        raise Refusal(FIELD, f"This is too long for a lookup key. {EXPECTED}")
    return Reference(lookup_key=text)


def is_id(text: str) -> bool:
    """Whether the text has the form of Stripe's ids and keys, unlike a lookup key such as `plan_monthly`."""
    found = ID.fullmatch(text)
    return found is not None and any(sign.isdigit() for sign in found["random"])


def of_address(text: str) -> Reference:
    found = PRICE_ID.search(text)
    if found is not None:
        return Reference(stripe_price_id=found.group())
    if "prod_" in text:
        raise Refusal(
            FIELD, "This address leads to a product, which can have several prices. Open one of them and copy its ID."
        )
    raise Refusal(FIELD, f"This is a web address without a Price ID in it. {EXPECTED}")
