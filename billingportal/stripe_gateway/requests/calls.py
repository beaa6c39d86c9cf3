"""A call to Stripe: converts the SDK's errors, and returns the answer with the time it was read, or a whole list."""

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TypeVar, cast

import stripe

from billingportal import clock
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import (
    KeyExpired,
    KeyRejected,
    NotThere,
    RequestRefused,
    RightMissing,
    StripeProblem,
    StripeUnreachable,
    TooManyRequests,
    UnreadableObject,
)
from billingportal.stripe_gateway.objects.fields import first_rows, short_text, truth
from billingportal.stripe_gateway.objects.readings import Reading

T = TypeVar("T", bound=stripe.StripeObject)

# The SDK raises these when the JSON has another shape than the API promises.
MISSHAPEN = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
# The most characters of Stripe's message that people see, and the characters of a request id.
LONGEST_MESSAGE = 1000
REQUEST_ID = re.compile(r"[A-Za-z0-9_]{1,100}")
CODE = re.compile(r"[a-z0-9_]{1,100}")
# Seconds that we wait at most because Stripe asks for it.
LONGEST_WAIT = 3600

# The most rows that Stripe puts on a page.
PAGE_SIZE = 100

# Seconds. The clocks of two of Stripe's machines may differ by this much; a Date header has whole seconds.
CLOCK_MARGIN = 1
# Seconds. Without a Date header our own clock is used, which may be this far off.
UNKNOWN_CLOCK_MARGIN = 300

# API v2 has classes of its own for some refusals; their HTTP status is 400 or 409.
REFUSALS = (
    stripe.InvalidRequestError,
    stripe.CardError,
    stripe.IdempotencyError,
    stripe.QuotaExceededError,
    stripe.FeatureNotEnabledError,
    stripe.CannotProceedError,
    stripe.BlockedByStripeError,
)


@contextmanager
def stripe_errors() -> Iterator[None]:
    """Turns the SDK's errors into StripeProblems, so that no other package depends on the SDK."""
    try:
        yield
    except stripe.StripeError as error:
        raise problem(error) from None


def problem(error: stripe.StripeError) -> StripeProblem:
    """Our error for the SDK's. `error.code` is None for 401, 403 and 429: the code is inside `error.error`."""
    kind = kind_of(error)
    words = " ".join((error.user_message or "").split())[:LONGEST_MESSAGE]
    request_id = str(getattr(error, "request_id", None) or "")
    return kind(
        words or "Stripe gave no reason.",
        request_id=request_id if REQUEST_ID.fullmatch(request_id) else None,
        code=code_of(error),
        retry_after_seconds=retry_after(error),
    )


def code_of(error: stripe.StripeError) -> str | None:
    code = error.code if isinstance(error.code, str) else inner_code(error)
    return code if CODE.fullmatch(code) else None


def retry_after(error: stripe.StripeError) -> int | None:
    """The seconds of the Retry-After header, at most an hour. A date instead of a number is left out."""
    value = str((error.headers or {}).get("Retry-After", ""))
    return min(int(value), LONGEST_WAIT) if value.isascii() and value.isdigit() else None


def kind_of(error: stripe.StripeError) -> type[StripeProblem]:
    if isinstance(error, stripe.AuthenticationError):
        return KeyExpired if inner_code(error).endswith("api_key_expired") else KeyRejected
    if isinstance(error, stripe.PermissionError):
        return RightMissing
    if isinstance(error, stripe.RateLimitError):
        return TooManyRequests
    if isinstance(error, stripe.InvalidRequestError) and (error.http_status == 404 or error.code == "resource_missing"):
        return NotThere
    if isinstance(error, REFUSALS):
        return RequestRefused
    return StripeUnreachable


def inner_code(error: stripe.StripeError) -> str:
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None)
    return code if isinstance(code, str) else ""


def ask(operation: Callable[[], T]) -> tuple[JsonObject, Reading]:
    """Run one call; its answer as plain JSON (decimals as text), and its time on Stripe's clock.

    Raises a StripeProblem.
    """
    started = time.monotonic()
    try:
        with stripe_errors():
            answer = operation()
        elapsed = time.monotonic() - started
        return cast(JsonObject, answer.to_dict(for_json=True)), reading(answer.last_response, elapsed)
    except MISSHAPEN as error:
        raise UnreadableObject("another shape than Stripe's") from error


def ask_list(client: stripe.StripeClient, path: str, params: JsonObject) -> tuple[JsonObject, Reading]:
    """One page of a list as Stripe wrote it. The SDK's objects would refuse the whole page for one malformed row.

    Raises a StripeProblem.
    """
    started = time.monotonic()
    try:
        with stripe_errors():
            answer: stripe.StripeResponse = client.raw_request("get", path, **params)
        if not isinstance(answer.data, dict):
            raise UnreadableObject("it is not a list")
        return cast(JsonObject, answer.data), reading(answer, time.monotonic() - started)
    except MISSHAPEN as error:
        raise UnreadableObject("another shape than Stripe's") from error


def ask_all(ask_page: Callable[..., stripe.StripeObject], filters: JsonObject) -> list[JsonObject]:
    """All rows of a list of the SDK, page by page.

    Raises a StripeProblem; UnreadableObject also where a page comes again, which may never end.
    """
    found: dict[str, JsonObject] = {}
    last_id, has_more = None, True
    while has_more:
        answer, _ = ask(partial(ask_page, params=page_params(filters, last_id)))
        rows, last_id, has_more = read_list(answer, last_id)
        new = {short_text(row, "id"): row for row in rows}
        if found.keys() & new.keys():
            raise UnreadableObject("the list does not go on")
        found |= new
    return list(found.values())


def page_params(filters: JsonObject, starting_after: str | None, size: int = PAGE_SIZE) -> JsonObject:
    after: JsonObject = {"starting_after": starting_after} if starting_after else {}
    return {"limit": size, **filters, **after}


def read_list(source: JsonObject, starting_after: str | None) -> tuple[list[JsonObject], str | None, bool]:
    """The rows, the last id, and whether there are more. Raises UnreadableObject for a list that would never end."""
    rows, has_more = first_rows(source), truth(source, "has_more")
    last_id = short_text(rows[-1], "id") if rows else None
    if has_more and last_id in (None, starting_after):
        raise UnreadableObject("the list does not go on")
    return rows, last_id, has_more


def reading(response: stripe.StripeResponseBase | None, elapsed_seconds: float) -> Reading:
    """The answer's time on Stripe's clock. Ours may be wrong, and the order of snapshots must not depend on it."""
    date = header_date(response)
    margin = CLOCK_MARGIN if date else UNKNOWN_CLOCK_MARGIN
    moment = date or clock.now().replace(microsecond=0)
    elapsed = math.ceil(elapsed_seconds)
    skew = skew_of(date, elapsed_seconds) if date else 0
    return Reading(moment + timedelta(seconds=margin), elapsed + 2 * margin, elapsed, skew)


def skew_of(date: datetime, elapsed_seconds: float) -> int:
    """Whole seconds that our clock is certainly ahead of Stripe's, or behind when negative.

    `Date` has whole seconds, and the answer may have been made at any time since we asked.
    """
    ahead = (clock.now() - date).total_seconds()
    return round(min(ahead, 0) + max(ahead - 1 - elapsed_seconds, 0))


def header_date(response: stripe.StripeResponseBase | None) -> datetime | None:
    value = response.headers.get("Date") if response is not None else None
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
