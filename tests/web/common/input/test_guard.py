"""Text that no database can hold, through every entrance of a request: 400 with words, before any view looks."""

import json
import logging
from io import BytesIO
from itertools import product
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from werkzeug.routing import Rule

from billingportal.web.common.input.guard import MALFORMED, WORDS
from tests.support.pages import PARTIAL, Visitor, text_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

UNSTORABLE = {"nul": b"a\0b", "surrogate": b"\xed\xa0\x80", "latin-1": b"caf\xe9", "overlong": b"\xc0\x80"}
FORM = "application/x-www-form-urlencoded"
UNREADABLE = ("{", "[" * 100_000, "NaN", "1e999", "9" * 100_000, '{"a": 1, "a": 2}', "[" * 70 + "]" * 70)
BOUNDARY = "the-boundary"
PLACES = ("/saas/clients", "/portal/billing-link", "/webhooks/stripe", "/setup", "/static")


def escaped(text: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in text)


def is_refused(answer: "TestResponse", words: str = WORDS) -> bool:
    return answer.status_code == 400 and words in text_of(answer)


def addresses(app: Flask) -> list[tuple[str, str]]:
    """An address of every route but the files, with a method that it takes."""
    return [
        (address_of(rule), "POST" if "POST" in (rule.methods or set()) else "GET")
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "assets.show"
    ]


def address_of(rule: Rule) -> str:
    return "".join(part if not is_parameter else "1" for is_parameter, part in rule._trace)


def test_every_route_refuses_it_whoever_asks(app: Flask, signed_in: Visitor) -> None:
    app.testing = False
    stranger = app.test_client()
    found = {
        (address, method, who): visitor.open(f"{address}?q=a%00b", method=method).status_code
        for address, method in addresses(app)
        for who, visitor in (("stranger", stranger), ("owner", signed_in))
    }

    assert {place: status for place, status in found.items() if status != 400} == {}


def test_in_a_path(client: Visitor) -> None:
    for place, (kind, text) in product(PLACES, UNSTORABLE.items()):
        path = f"{place}/".encode() + text
        answer = client.get("/", environ_overrides={"PATH_INFO": path.decode("latin-1")})
        assert is_refused(answer), (place, kind)


def test_in_a_query(client: Visitor) -> None:
    for kind, text in UNSTORABLE.items():
        for query in (f"q={escaped(text)}", f"{escaped(text)}=1", f"q={text.decode('latin-1')}"):
            answer = client.get("/portal/pricing", environ_overrides={"QUERY_STRING": query})
            assert is_refused(answer), (kind, query)


def test_in_a_form(client: Visitor) -> None:
    for kind, text in UNSTORABLE.items():
        for body in (b"email=" + text, b"email=" + escaped(text).encode(), text + b"=1"):
            assert is_refused(client.post("/sign-in", data=body, content_type=FORM)), (kind, body)


def part(name: bytes, value: bytes, file: bytes | None = None) -> bytes:
    disposition = b'Content-Disposition: form-data; name="' + name + b'"'
    disposition += b"" if file is None else b'; filename="' + file + b'"'
    return b"--" + BOUNDARY.encode() + b"\r\n" + disposition + b"\r\n\r\n" + value + b"\r\n"


def upload(visitor: Visitor, *parts: bytes) -> "TestResponse":
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return visitor.post(
        "/settings/branding/pictures/logo", data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )


def test_in_a_multipart_form(client: Visitor) -> None:
    for kind, text in UNSTORABLE.items():
        assert is_refused(upload(client, part(b"value", text))), kind
        for broken in (part(text, b"x"), part(b"picture", b"x", file=text), part(text, b"x", file=b"a.png")):
            assert upload(client, broken).status_code == 400, (kind, broken)


def test_a_multipart_form_that_cannot_be_read_is_not_an_empty_one(client: Visitor) -> None:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for body in (b"no part at all", part(b"cut", b"off")[:-9]):
        assert is_refused(client.post("/sign-in", data=body, content_type=kind), MALFORMED), body
    assert is_refused(client.post("/sign-in", data=b"x", content_type="multipart/form-data"), MALFORMED)


def test_what_is_inside_of_a_file_is_for_its_reader(signed_in: Visitor) -> None:
    picture = (BytesIO(b"\0\xff\xfe"), "Zahnärzte 🦷.png")
    values = {"csrf_token": signed_in.csrf_token(), "picture": picture}
    answer = signed_in.post("/settings/branding/pictures/logo_light", data=values, content_type="multipart/form-data")

    assert answer.status_code in (404, 422)


def test_in_a_header_or_a_cookie(app: Flask) -> None:
    bare = app.test_client(use_cookies=False)
    for name in ("HTTP_USER_AGENT", "HTTP_ACCEPT_LANGUAGE", "HTTP_X_REQUEST_ID", "HTTP_HX_REQUEST", "HTTP_COOKIE"):
        assert is_refused(bare.get("/sign-in", environ_overrides={name: "a=a\0b"})), name
    assert is_refused(bare.get("/sign-in", environ_overrides={"HTTP_COOKIE": 'theme="a\\000b"'}))


def test_in_json(client: Visitor) -> None:
    for document in ('"a\\u0000b"', '{"a\\u0000": 1}', '[["\\ud800"]]', '{"a": {"b": "\\udfff"}}'):
        assert is_refused(client.post("/sign-in", data=document, content_type="application/json")), document


def test_json_that_no_honest_sender_writes(client: Visitor) -> None:
    for document in UNREADABLE:
        answer = client.post("/sign-in", data=document, content_type="application/json")
        assert is_refused(answer, "The request cannot be read: "), document[:20]


def test_bytes_of_json_that_are_not_utf_8(client: Visitor) -> None:
    assert is_refused(client.post("/sign-in", data=b'"\xff"', content_type="application/json"))
    assert is_refused(client.post("/sign-in", data=json.dumps("a").encode("utf-16"), content_type="application/json"))


def test_in_a_part_of_a_page_it_is_a_toast(client: Visitor) -> None:
    answer = client.get("/portal/pricing?q=%00", headers=PARTIAL)

    assert answer.status_code == 400
    assert "<hx-partial" in answer.text
    assert "<html" not in answer.text
    assert WORDS in text_of(answer)


def test_text_in_any_language_and_of_any_whitespace_goes_through(client: Visitor) -> None:
    words = "Zahnärzte\t歯科\r\n🦷 \ufffd\u202e\u00a0\x01\x7f"

    assert client.submit("/sign-in", {"email": words, "password": "x"}).status_code == 422
    assert client.get("/portal/pricing", query_string={"q": words}).status_code == 200


def test_a_refused_request_is_no_error_in_the_log(client: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert is_refused(client.get("/portal/pricing?q=%00"))
    assert caplog.text == ""
