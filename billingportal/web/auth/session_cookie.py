"""The session cookie. It stays valid when the clock is set back.

Flask's own refuses a signature from the future, even by a second: everybody would be signed out when the
clock is set back, and for a moment when two machines that share the work differ by a second.
"""

from datetime import datetime
from typing import Literal, overload

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer


class ForgivingSigner(TimestampSigner):
    """Refuses signatures that are too old, never those from the future."""

    @overload
    def unsign(
        self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: Literal[False] = False
    ) -> bytes: ...
    @overload
    def unsign(
        self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: Literal[True] = True
    ) -> tuple[bytes, datetime]: ...
    def unsign(
        self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False
    ) -> tuple[bytes, datetime] | bytes:
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None and self.get_timestamp() - signed_at.timestamp() > max_age:
            raise SignatureExpired("the session is too old", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class ForgivingSerializer(URLSafeTimedSerializer):
    default_signer = ForgivingSigner


class ForgivingSessions(SecureCookieSessionInterface):
    """Flask's sessions in a signed cookie, with the other signer. The cookies are the same."""

    def get_signing_serializer(self, app: Flask) -> ForgivingSerializer | None:
        stock = super().get_signing_serializer(app)
        if stock is None:
            return None
        return ForgivingSerializer(
            stock.secret_keys, salt=stock.salt, serializer=self.serializer, signer_kwargs=stock.signer_kwargs
        )
