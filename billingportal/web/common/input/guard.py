"""Refuses text that no database can store, before any view reads the request: 400, with words.

PostgreSQL stores no NUL, and bytes that are not UTF-8 or half a surrogate pair are not text at all. No browser sends
them, so one check before each request spares every view its own.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property

from billingportal import plain_json
from billingportal.limits import is_storable
from billingportal.plain_json import UnreadableJson

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

WORDS = "It contains a character that cannot be saved, such as a null character. Remove it and try again."
MALFORMED = "The request is malformed, so nothing was read from it. Go back, reload the page and try again."
# Replaces the bytes of a multipart form that were not UTF-8, once it has been parsed.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class PortalRequest(Request):
    """A request whose host and cookies can always be read. A form that cannot be parsed is refused."""

    def __init__(self, environ: "WSGIEnvironment", populate_request: bool = True, shallow: bool = False) -> None:
        """Clear an invalid host: routing and `url_for` would fail on it, also for the refusal."""
        self.has_sound_host = is_host(environ.get("HTTP_HOST", ""))
        if not self.has_sound_host:
            environ["HTTP_HOST"] = ""
        super().__init__(environ, populate_request, shallow)

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Any site of our domain can set a cookie that is not UTF-8: that must not lock people out of the portal."""
        header = ";".join(self.headers.getlist("Cookie"))
        return ImmutableMultiDict(parse_cookie(header.encode("latin-1").decode(errors="replace")))

    def make_form_data_parser(self) -> FormDataParser:
        """The parser raises ValueError for a malformed form, where Flask would go on with an empty form."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser


def refuse_unstorable() -> None:
    """The check of every request. The webhook checks its own body: there the raw bytes are signed."""
    if not (all(is_text(part) for part in address_parts()) and all(is_storable(part) for part in header_parts())):
        abort(400, WORDS)
    if not (has_sound_referrer() and cast(PortalRequest, request).has_sound_host):
        abort(400, MALFORMED)
    if request.blueprint != "webhooks" and not is_body_storable():
        abort(400, WORDS)


def address_parts() -> Iterator[bytes]:
    """The path and the query string, as the bytes that were sent."""
    yield request.environ.get("PATH_INFO", "").encode("latin-1")
    yield request.query_string
    yield unquote_to_bytes(request.query_string)


def header_parts() -> Iterator[str]:
    """Names and values of headers and cookies. Each byte is read as one character: all are allowed but NUL."""
    for name, value in request.headers:
        yield name
        yield value
    for name, value in request.cookies.items(multi=True):
        yield name
        yield value


def is_host(host: str) -> bool:
    """Whether the host, with or without a port, can be encoded and decoded as IDNA."""
    name, _, _ = host.partition(":")
    try:
        name.encode("idna").decode("idna")
    except UnicodeError:
        return False
    return True


def has_sound_referrer() -> bool:
    """Whether the Referer is empty or a URL that can be parsed, as the CSRF check does."""
    try:
        urlsplit(request.referrer or "")
    except ValueError:
        return False
    return True


def is_body_storable() -> bool:
    """Whether all names and values of a form or of JSON can be stored. Raises BadRequest for a malformed body."""
    if request.is_json:
        return is_json_storable(request.get_data())
    if not request.want_form_data_parsed:
        return True
    if request.mimetype == "application/x-www-form-urlencoded":
        raw = request.get_data()
        return is_text(raw) and is_text(unquote_to_bytes(raw))
    try:
        return all(is_storable(part) and REPLACEMENT not in part for part in form_parts())
    except ValueError:
        abort(400, MALFORMED)


def form_parts() -> Iterator[str]:
    """The texts and file names of a multipart form. Contents of files are checked by the views that read them."""
    for name, value in request.form.items(multi=True):
        yield name
        yield value
    for name, upload in request.files.items(multi=True):
        yield name
        yield upload.filename or ""


def is_json_storable(body: bytes) -> bool:
    if not body:
        return True
    try:
        document = plain_json.read(body.decode())
    except UnreadableJson as problem:
        abort(400, f"The request cannot be read: {problem}.")
    except UnicodeDecodeError:
        return False
    return all(is_storable(text) for text in plain_json.all_texts(document))


def is_text(raw: bytes) -> bool:
    try:
        return is_storable(raw.decode())
    except UnicodeDecodeError:
        return False


def init_app(app: Flask) -> None:
    app.request_class = PortalRequest
    app.before_request(refuse_unstorable)
