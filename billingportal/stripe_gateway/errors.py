"""What can go wrong at Stripe, in words that the domain can act on."""

from billingportal.errors import PortalError


class StripeProblem(PortalError):
    """Base of everything that Stripe may answer instead of what was asked."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id


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


class BadSignature(StripeProblem):
    """The message was not signed with our secret, or too long ago."""


class UnreadableObject(StripeProblem):
    """Something from Stripe lacks what its type promises."""

    def __init__(self, what: str) -> None:
        super().__init__(f"What Stripe sent is not as expected: {what}.")
