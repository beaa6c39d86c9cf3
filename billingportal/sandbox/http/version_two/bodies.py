"""Bodies of requests and refusals: JSON in API v2, and other attributes of errors."""

import json

from billingportal.sandbox.http import form_encoding
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.wire import Document, Request

PREFIX = "/v2/"
# The code in an error body, by HTTP status.
CODES = {400: "invalid_fields", 401: "unauthorized", 403: "forbidden", 404: "not_found", 429: "rate_limit"}


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


def given(request: Request) -> Document:
    """The parameters of a request as a tree of texts, in either version. Raises Refused."""
    if request.method != "POST":
        return form_encoding.decode(request.query)
    return decode(request.body) if is_version_two(request.path) else form_encoding.decode(request.body)


def error_body(refused: Refused, path: str) -> Document:
    """The JSON body of a refusal, in either version. API v2 names no parameter; a quota has a type of its own."""
    if not is_version_two(path):
        return refused.body(None)
    is_usual = refused.kind == "invalid_request_error" and refused.code != "api_key_expired"
    code = CODES.get(refused.status) if is_usual else refused.code
    return {"error": {"message": refused.message, "type": refused.kind, **({"code": code} if code else {})}}
