"""Signed tokens with an expiry time. Nothing is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from billingportal.clock import from_unix, now
from billingportal.vault import derive


@dataclass(frozen=True)
class Claim:
    """The content of a token that we signed. It may have expired."""

    facts: tuple[int | str, ...]
    until: datetime

    @property
    def is_over(self) -> bool:
        return self.until <= now()


def sign_token(secret_keys: tuple[str, ...], purpose: str, lifetime: timedelta, *facts: int | str) -> str:
    """A token for one purpose: it is invalid for any other."""
    until = int((now() + lifetime).timestamp())
    return str(serializer(secret_keys, purpose).dumps([until, *facts]))


def read_token(secret_keys: tuple[str, ...], purpose: str, token: str) -> Claim | None:
    """The token's content, or None when we did not sign it for this purpose."""
    try:
        until, *facts = serializer(secret_keys, purpose).loads(token)
    except BadData:
        return None
    return Claim(tuple(facts), from_unix(int(until)))


def serializer(secret_keys: tuple[str, ...], purpose: str) -> URLSafeSerializer:
    """Signs with the first of our keys and accepts the signatures of all of them."""
    return URLSafeSerializer([derive(key, purpose) for key in reversed(secret_keys)], salt=purpose)
