"""Errors of calls to Stripe, independent of the SDK, for the domain to handle."""

from billingportal.errors import PortalError


class StripeProblem(PortalError):
    """Base of all errors of a call to Stripe.

    `code` is Stripe's own, where it gave one. `retry_after_seconds` is how long Stripe asks to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        code: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class KeyRejected(StripeProblem):
    """401: Stripe does not know this key."""


class KeyExpired(KeyRejected):
    """401 with `api_key_expired`: the key was rolled or has run out."""


class RightMissing(StripeProblem):
    """403: a restricted key lacks the right for this request."""


class NotThere(StripeProblem):
    """404, or 400 with `resource_missing`: no such object for this key, in this mode."""


class TooManyRequests(StripeProblem):
    """429: ask again later."""


class StripeUnreachable(StripeProblem):
    """No answer in time, no connection, or a failure on Stripe's side. Ask again later."""


class RequestRefused(StripeProblem):
    """400, 402 or 409: Stripe understood and said no."""


class MeterEventExists(RequestRefused):
    """400: Stripe took a meter event with this identifier before, so it is delivered."""


class BadSignature(StripeProblem):
    """The webhook message was not signed with our secret, or the signature is too old."""


class UnreadableObject(StripeProblem):
    """An object from Stripe lacks a field that its type promises, or has one of another type."""

    def __init__(self, what: str) -> None:
        super().__init__(f"What Stripe sent is not as expected: {what}.")
