"""Ids and secrets that look like Stripe's."""

import random
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
# Stripe's newer ids carry a "1" and part of the account before the random part.
LONG = {
    "price",
    "sub",
    "in",
    "il",
    "evt",
    "we",
    "pm",
    "inpay",
    "ii",
    "pi",
    "upcoming_in",
    "il_tmp",
    "li",
    "ch",
    "re",
    "dp",
    "di",
    "promo",
    "clock",
    "sub_sched",
    "bpc",
    "bps",
    "txi",
}


def letters(count: int) -> str:
    """`count` random letters and digits for ids. Never twice the same, whatever seed Python's own generator has."""
    return "".join(random.SystemRandom().choices(ALPHABET, k=count))


def new_id(prefix: str) -> str:
    """A fresh id such as `prod_Qx…` (14 characters) or `price_1Pg…` (24)."""
    return f"{prefix}_1{letters(23)}" if prefix in LONG else f"{prefix}_{letters(14)}"


def new_id_of_version_two(prefix: str, *, livemode: bool) -> str:
    """A fresh id of API v2, such as `evt_test_65…`: those of test mode say so."""
    return f"{prefix}_{'' if livemode else 'test_'}65{letters(30)}"


def new_secret(prefix: str, length: int) -> str:
    """An unguessable secret of `length` characters after its prefix."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(length))
