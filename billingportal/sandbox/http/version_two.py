"""What API v2 does differently: JSON bodies, its error bodies, and lists that name the address of their next page."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote, unquote

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.parameter_types import Choice, Integer, Text
from billingportal.sandbox.http.parameters import Kind, Many
from billingportal.sandbox.http.wire import Document, Request

PREFIX = "/v2/"
DEFAULT_LIMIT = 10
PAGE: dict[str, Kind] = {"limit": Integer(least=1, most=100), "page": Text()}
# The code in an error body, by HTTP status.
CODES = {400: "invalid_fields", 401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limit"}


@dataclass(frozen=True)
class Listed:
    """One page of a list."""

    data: list[Document]
    next_page_url: str | None


def is_version_two(path: str) -> bool:
    """Whether a path belongs to API v2."""
    return path.startswith(PREFIX)


def takes_idempotency_key(request: Request) -> bool:
    """Whether the API heeds an idempotency key: for every POST, in v2 for every DELETE too."""
    return request.method == "POST" or (request.method == "DELETE" and is_version_two(request.path))


def decode(text: str) -> Document:
    """The tree of a JSON body, in the form of `form_encoding.decode`. Raises Refused for anything but an object."""
    try:
        body = json.loads(text or "{}")
    except ValueError:
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object.")
    return {name: leaf(value, name) for name, value in body.items()}


def leaf(value: object, path: str) -> str | Document:
    """One value: arrays become hashes with digit keys, null unsets. Raises Refused for a number or a boolean."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return {str(position): leaf(item, f"{path}[{position}]") for position, item in enumerate(value)}
    if isinstance(value, dict):
        return {name: leaf(item, f"{path}.{name}") for name, item in value.items()}
    raise invalid(f"Invalid type for {path}: expected a string, an array or an object.", path)


def error_body(refused: Refused) -> Document:
    """The JSON body of a refusal. API v2 names no parameter; a quota has a type of its own."""
    is_usual = refused.kind == "invalid_request_error" and refused.code != "api_key_expired"
    code = CODES.get(refused.status) if is_usual else refused.code
    return {"error": {"message": refused.message, "type": refused.kind, **({"code": code} if code else {})}}


def include(*names: str) -> dict[str, Kind]:
    """The parameter that shows attributes which are null otherwise."""
    return {"include": Many(Choice(*names))}


def listed(call: Call, path: str, documents: Iterable[Document]) -> Listed:
    """The page that `limit` and `page` ask for. The address of the next one keeps all other parameters.

    Raises Refused for a page that no answer named.
    """
    given = dict(call.parameters)
    token = given.pop("page", None)
    start = 0 if token is None else position_of(token)
    limit: int = given.get("limit", DEFAULT_LIMIT)
    found = list(islice(documents, start, start + limit + 1))
    if len(found) <= limit:
        return Listed(found, None)
    following = {**given, "limit": limit, "page": token_of(start + limit)}
    return Listed(found[:limit], f"{path}?{'&'.join(pairs(following))}")


def pairs(value: Document, inside: str = "") -> list[str]:
    """Parameters in form encoding."""
    found: list[str] = []
    for name, item in value.items():
        full = f"{inside}[{name}]" if inside else name
        inner = dict(enumerate(item)) if isinstance(item, list) else item
        found += pairs(inner, full) if isinstance(inner, dict) else [f"{full}={quote(str(inner))}"]
    return found


def token_of(position: int) -> str:
    """An opaque name of a page."""
    return "page_" + base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def position_of(token: str) -> int:
    """The position that a page's name stands for. Raises Refused."""
    text = unquote(token).removeprefix("page_")
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise invalid("Invalid page.", "page") from None
