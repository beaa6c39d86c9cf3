"""Recognises a pasted secret key by its prefix, and refuses texts that people paste by mistake."""

import re
from dataclasses import dataclass, field

from billingportal.errors import Refusal
from billingportal.models.connection.processor_account import Mode

FIELD = "secret_key"
ACCEPTED = re.compile(r"(?P<prefix>(?P<kind>sk|rk)_(?P<mode>test|live)_)[A-Za-z0-9]{8,500}")
EXPECTED = "It starts with sk_test_ or sk_live_."

REFUSED_PREFIXES = (
    (
        "pk_",
        f"This is a publishable key, which can only be used in a browser. Paste the secret key instead. {EXPECTED}",
    ),
    ("whsec_", "This is a webhook signing secret. The portal makes its own; paste the secret key instead. " + EXPECTED),
    ("price_", f"This is a Price ID. It belongs to a plan; paste the secret key here. {EXPECTED}"),
    (
        "sk_org",
        "This is an organization key, which covers several Stripe accounts. Paste a secret key of the one account "
        f"that is to be charged with. {EXPECTED}",
    ),
)


@dataclass(frozen=True)
class SecretKey:
    """A key in plain text, before it is sent to Stripe or sealed by the vault. Its repr hides the text."""

    text: str = field(repr=False)
    prefix: str
    mode: Mode
    is_restricted: bool

    @property
    def last_four(self) -> str:
        return self.text[-4:]


def read_key(pasted: str) -> SecretKey:
    """The key in a pasted text, without the spaces around it. Raises Refusal with what to paste instead."""
    text = pasted.strip()
    if not text:
        raise Refusal(FIELD, f"Paste your secret key. {EXPECTED}")
    for prefix, words in REFUSED_PREFIXES:
        if text.startswith(prefix):
            raise Refusal(FIELD, words)
    found = ACCEPTED.fullmatch(text)
    if found is None:
        raise Refusal(FIELD, refusal_of_shape(text))
    mode: Mode = "test" if found["mode"] == "test" else "live"
    return SecretKey(text, found["prefix"], mode, found["kind"] == "rk")


def refusal_of_shape(text: str) -> str:
    """The refusal's words for an incomplete key, or for any other text."""
    if re.match(r"(sk|rk)_(test|live)_", text):
        return "This key is not whole, or has something in it that keys never have. Copy all of it from Stripe again."
    return f"This is not a secret key. {EXPECTED}"
