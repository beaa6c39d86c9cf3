"""One call to Stripe: its errors in our words, its answer with the moment it was read."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast

import stripe

from billingportal import clock
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.copies import Reading
from billingportal.stripe_gateway.errors import (
    KeyExpired,
    KeyRejected,
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    StripeUnreachable,
    TooManyRequests,
)

T = TypeVar("T", bound=stripe.StripeObject)

# Two of Stripe's machines may differ by this much; an answer's Date header has whole seconds.
CLOCK_MARGIN = 1
# Without a Date header our own clock stands in, which may be this far off.
UNKNOWN_CLOCK_MARGIN = 300


@contextmanager
def stripe_errors() -> Iterator[None]:
    """Turns the SDK's errors into ours, so that no other room needs to know the SDK."""
    try:
        yield
    except stripe.StripeError as error:
        raise problem(error) from None


def problem(error: stripe.StripeError) -> StripeProblem:
    """Our error for the SDK's. `error.code` is None for 401, 403 and 429: the code sits inside `error.error`."""
    kind = kind_of(error)
    request_id = getattr(error, "request_id", None)
    words = error.user_message or "no answer"
    return kind(words, request_id=request_id if isinstance(request_id, str) else None)


def kind_of(error: stripe.StripeError) -> type[StripeProblem]:
    if isinstance(error, stripe.AuthenticationError):
        return KeyExpired if inner_code(error).endswith("api_key_expired") else KeyRejected
    if isinstance(error, stripe.PermissionError):
        return RightMissing
    if isinstance(error, stripe.RateLimitError):
        return TooManyRequests
    if isinstance(error, stripe.InvalidRequestError) and (error.http_status == 404 or error.code == "resource_missing"):
        return NotThere
    if isinstance(error, (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError)):
        return RequestRefused
    return StripeUnreachable


def inner_code(error: stripe.StripeError) -> str:
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None)
    return code if isinstance(code, str) else ""


def ask(operation: Callable[[], T]) -> tuple[JsonObject, Reading]:
    """Run one call; its answer as plain JSON (decimals as text), and when it was read on Stripe's clock.

    Raises a StripeProblem.
    """
    started = time.monotonic()
    with stripe_errors():
        answer = operation()
    elapsed = time.monotonic() - started
    return as_json(answer), reading(answer, elapsed)


def as_json(answer: stripe.StripeObject) -> JsonObject:
    return cast(JsonObject, answer.to_dict(for_json=True))


def reading(answer: stripe.StripeObject, elapsed_seconds: float) -> Reading:
    """Stripe's clock decides, since ours may be wrong: what is newer must not depend on it."""
    date = header_date(answer)
    moment = date or clock.now().replace(microsecond=0)
    margin = CLOCK_MARGIN if date else UNKNOWN_CLOCK_MARGIN
    return Reading(moment + timedelta(seconds=margin), math.ceil(elapsed_seconds) + 2 * margin)


def header_date(answer: stripe.StripeObject) -> datetime | None:
    response = answer.last_response
    value = response.headers.get("Date") if response is not None else None
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None
