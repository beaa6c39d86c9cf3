"""Stripe's refusals: HTTP status, type, code and message."""

from collections.abc import Mapping
from types import MappingProxyType

from billingportal.sandbox.http.wire import Document

DOCUMENTATION = "https://stripe.com/docs/error-codes/"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
SUPPORT = "or we can help at https://support.stripe.com/."


class Refused(Exception):
    """A request that is answered with one of Stripe's error bodies.

    All its changes are discarded, unless it `keeps` them: a declined charge has been tried.
    """

    keeps = False

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.headers = dict(headers)

    def body(self, request_log_url: str | None) -> Document:
        """The JSON body; absent attributes are left out, as Stripe does."""
        error: Document = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = DOCUMENTATION + self.code.replace("_", "-")
        if self.decline_code:
            error["decline_code"] = self.decline_code
        if self.param:
            error["param"] = self.param
        if request_log_url:
            error["request_log_url"] = request_log_url
        return {"error": error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """400: the request is invalid, or not possible now."""
    return Refused(message, param=param, code=code)


def missing(kind: str, identifier: str, param: str, *, status: int = 404, hint: str = "") -> Refused:
    """An id that names nothing; 404 in a path, 400 in a parameter."""
    noun = kind.rpartition(".")[2]
    message = f"No such {noun}: '{identifier}'{hint}"
    return Refused(message, status=status, code="resource_missing", param=param)


def unknown_url(method: str, path: str) -> Refused:
    """404: no operation has this method and path."""
    message = f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs {SUPPORT}"
    return Refused(message, status=404)


def unauthenticated(message: str, code: str | None = None) -> Refused:
    """401: no key, or one that does not work."""
    return Refused(message, status=401, code=code)


def forbidden(message: str) -> Refused:
    """403: a key without the right."""
    return Refused(message, status=403)


def too_many_requests(reason: str) -> Refused:
    """429, as Stripe's limiter says it; `reason` is the limit's name in the header."""
    message = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
    return Refused(message, status=429, code="rate_limit", headers={"Stripe-Rate-Limited-Reason": reason})


def locked() -> Refused:
    """429 without a limiter's name: another request holds the object for too long."""
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently "
        "accessing it. If you see this error intermittently, retry the request."
    )
    return Refused(message, status=429, code="lock_timeout")


def advancing() -> Refused:
    """429 without a limiter's name: a test clock is advancing, so nothing that lives by it can be changed.

    Integrators report the status and the words; webhooks are delivered meanwhile.
    """
    return Refused("Test clock advancement underway - cannot perform modifications.", status=429)


def internal() -> Refused:
    """500, as Stripe says it."""
    message = (
        "Sorry! There was an error while talking to one of our backends. Support has been notified, "
        "but please feel free to write us at support@stripe.com."
    )
    return Refused(message, status=500, kind="api_error")
