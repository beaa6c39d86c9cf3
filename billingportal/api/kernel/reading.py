"""Reads the parts of a request: path, parameters, headers, body. Raises Problem for whatever cannot be read."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from billingportal import plain_json
from billingportal.api.kernel.problems import FieldError, Problem
from billingportal.limits import is_storable
from billingportal.plain_json import Json, UnreadableJson

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LARGEST_BODY = 1024 * 1024
LONGEST_IDEMPOTENCY_KEY = 255
# The only control character that JSON can bring into a text which no database stores. Half pairs are found elsewhere.
ESCAPED_NUL = b"\\u0000"
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][\w.:/+=-]{0,99}", re.ASCII)
VISIBLE = re.compile(r"[\x21-\x7e]+")
WITH_BODY = ("POST", "PATCH", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Address:
    """The path as it was sent, and its decoded parts."""

    path: str
    parts: list[str]


def read_address(environ: "WSGIEnvironment", prefix: str) -> Address:
    """The address below a prefix. Each part is decoded by itself: `external:a%2Fb` is one part.

    A server that does not pass the raw address on gives the decoded one, where an encoded slash cannot be told.
    """
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw is None:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace")
        return Address(path, path.removeprefix(prefix).split("/"))
    path = raw.partition("?")[0]
    if not path.startswith("/"):
        path = urlsplit(path).path
    try:
        parts = [unquote(part, errors="strict") if "%" in part else part for part in path[len(prefix) :].split("/")]
    except UnicodeDecodeError:
        raise Problem("malformed", "The address is not UTF-8.") from None
    if not all(is_storable(part) for part in parts):
        raise Problem("malformed", "The address contains a character that cannot be stored, such as a null character.")
    return Address(path, parts)


def read_parameters(query: str) -> dict[str, str]:
    """The parameters of the address. Raises Problem for one that is there twice."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Problem("malformed", "The parameters of the address are not UTF-8, or too many.") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        errors = [FieldError("It is there twice.", parameter=name) for name in found if names.count(name) > 1]
        raise Problem("invalid", "A parameter is there twice.", tuple(errors))
    if not all(is_storable(text) for pair in pairs for text in pair):
        raise Problem("malformed", "A parameter contains a character that cannot be stored, such as a null character.")
    return found


def read_body(environ: "WSGIEnvironment") -> bytes:
    """The bytes of the body, at most LARGEST_BODY."""
    try:
        return get_input_stream(environ, max_content_length=LARGEST_BODY).read()
    except RequestEntityTooLarge:
        raise Problem("too_large", "The body is larger than 1 MB.") from None
    except (HTTPException, OSError):
        raise Problem("malformed", "The body did not arrive completely.") from None


def read_json(environ: "WSGIEnvironment", body: bytes) -> Json:
    """The document of a body. Raises Problem when it is not declared as JSON, or is none that can be stored."""
    mime_type, _, parameters = environ.get("CONTENT_TYPE", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if mime_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise Problem("not_json", "The header Content-Type is not application/json in UTF-8.")
    try:
        document = plain_json.read(body.decode())
        plain_json.refuse_half_pairs(body, document)
    except UnicodeDecodeError:
        raise Problem("malformed", "The body is not UTF-8.") from None
    except UnreadableJson as unreadable:
        raise Problem("malformed", f"The body cannot be read: {unreadable}.") from None
    if ESCAPED_NUL in body and not all(is_storable(text) for text in plain_json.all_texts(document)):
        raise Problem("malformed", "A text in the body contains a null character.")
    return document


def read_idempotency_key(environ: "WSGIEnvironment") -> str | None:
    """The key that the caller sent, if any. Raises Problem for one that is no visible ASCII, or too long."""
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if len(key) > LONGEST_IDEMPOTENCY_KEY or not VISIBLE.fullmatch(key):
        words = f"The header Idempotency-Key has 1 to {LONGEST_IDEMPOTENCY_KEY} visible ASCII characters, no blanks."
        raise Problem("malformed", words)
    return key


def sane_request_id(environ: "WSGIEnvironment") -> str | None:
    """The caller's own id of the request, if it can be put in headers and logs as it is."""
    sent = environ.get("HTTP_REQUEST_ID", "")
    return sent if SANE_REQUEST_ID.fullmatch(sent) else None
