"""Lists of API v2: they name the address of their next page."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote, unquote

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.parameter_types import Choice, Integer, Text
from billingportal.sandbox.http.parameters import Kind, Many
from billingportal.sandbox.http.wire import Document

DEFAULT_LIMIT = 10
PAGE: dict[str, Kind] = {"limit": Integer(least=1, most=100), "page": Text()}


@dataclass(frozen=True)
class Listed:
    """One page of a list."""

    data: list[Document]
    next_page_url: str | None


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
