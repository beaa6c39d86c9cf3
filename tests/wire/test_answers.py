"""Every kind of answer, as octets: what the head announces is what follows, and the connection is good for more."""

import gzip
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from html import unescape

import pytest
from PIL import Image

from tests.support.pages import PARTIAL
from tests.support.served import FORM, Business, Person, served
from tests.support.stripe import events
from tests.support.wire import Answer, Wire

GZIP = {"Accept-Encoding": "gzip"}
LIMIT = 1024 * 1024


@pytest.fixture(scope="module")
def port(business: Business) -> Iterator[int]:
    with served(business.settings, "--workers", "1") as port:
        yield port


@pytest.fixture
def stranger(port: int) -> Iterator[Person]:
    """On one connection, which has to be good for another request at the end."""
    with Wire(port) as wire:
        yield Person(wire, {})
        if wire.is_open:
            assert wire.ask("GET", "/healthz").body == b"ok"


@pytest.fixture
def owner(stranger: Person) -> Person:
    assert stranger.sign_in().status == 303
    return stranger


def length(answer: Answer) -> int:
    return int(answer.headers["content-length"])


def test_a_page_is_as_long_as_announced_plain_and_compressed(stranger: Person) -> None:
    plain = stranger.ask("GET", "/portal/pricing")
    packed = stranger.ask("GET", "/portal/pricing", GZIP)
    assert (plain.status, packed.status) == (200, 200)
    assert len(packed.body) == length(packed) < length(plain) == len(plain.body)
    assert gzip.decompress(packed.body).lower().startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    "path", ["/portal/pricing", "/static/app.css", "/brand.css", "/healthz", "/nothing", "/saas/plans"]
)
def test_head_announces_what_get_sends(stranger: Person, path: str) -> None:
    sent, announced = stranger.ask("GET", path), stranger.ask("HEAD", path)
    assert announced.status == sent.status
    # Two pages differ in a token or a reference of the same length.
    assert length(announced) == len(sent.body)


def test_a_redirect_of_a_form_and_of_a_stranger(stranger: Person) -> None:
    led = stranger.ask("GET", "/saas/plans")
    assert (led.status, led.headers["location"], led.body) == (303, "/sign-in?next=/saas/plans", b"")
    signed_in = stranger.sign_in()
    assert (signed_in.status, signed_in.headers["location"], signed_in.body) == (303, "/", b"")


def test_a_stranger_who_asks_for_a_part_is_led_to_sign_in(stranger: Person) -> None:
    answer = stranger.ask("GET", "/saas/plans", PARTIAL)
    assert (answer.status, answer.headers["hx-redirect"], answer.body) == (401, "/sign-in", b"")


def test_a_poll_that_would_show_the_same_is_answered_without_a_body(owner: Person) -> None:
    for page in ("/saas/payment-processor", "/saas/events"):
        polls = re.findall(r'hx-get="([^"]*seen=[^"]*)"', owner.ask("GET", page).text)
        answers = [owner.ask("GET", unescape(path), PARTIAL) for path in polls]
        assert [(answer.status, answer.body) for answer in answers] == [(204, b"")], page


def test_static_files_are_sent_once_and_then_not_modified(stranger: Person) -> None:
    first = stranger.ask("GET", "/static/app.css", GZIP)
    again = stranger.ask("GET", "/static/app.css", GZIP | {"If-None-Match": first.headers["etag"]})
    part = stranger.ask("GET", "/static/app.css", {"Range": "bytes=0-9"})
    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert len(part.body) == length(part)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("DELETE", "/sign-in", 405), ("POST", "/sign-in", 403), ("GET", "/setup/wrong", 410)],
)
def test_errors_are_pages(stranger: Person, method: str, path: str, status: int) -> None:
    for headers in ({}, GZIP, PARTIAL):
        answer = stranger.ask(method, path, headers)
        assert answer.status == status
        assert len(answer.body) == length(answer) > 0


def test_a_form_with_mistakes_is_422(stranger: Person) -> None:
    answer = stranger.submit("/sign-in", {"email": "", "password": ""}, page="/sign-in")
    assert answer.status == 422
    assert "Enter your email" in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/portal/sign-up", "/saas/plans", "/webhooks/stripe/nobody", "/nothing"])
def test_what_is_not_read_of_a_body_is_not_the_next_request(stranger: Person, path: str) -> None:
    body = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    answer = stranger.ask("POST", path, FORM, body)
    assert answer.status in (303, 400, 403, 404)
    assert len(answer.body) == length(answer)


@pytest.mark.parametrize("path", ["/sign-in", "/saas/plans", "/nothing"])
@pytest.mark.parametrize("size", [60_000, 70_000, LIMIT + 1, 5 * LIMIT, 8 * LIMIT])
def test_the_connection_stays_open_or_its_end_is_announced(port: int, path: str, size: int) -> None:
    """A view that leaves a long body unread: it is thrown away, or, when it is too long, the connection ends."""
    with Wire(port) as wire:
        with suppress(OSError):  # what is too long may be cut off
            wire.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * size)
        answer = wire.answer("POST")
        assert answer.status in (303, 403, 404, 413)
        assert wire.is_open == (size < 6 * LIMIT)
        assert not wire.is_open or wire.ask("GET", "/healthz").body == b"ok"


def test_a_body_at_the_limit_is_read_and_one_beyond_it_is_413_in_words(owner: Person, port: int) -> None:
    start = b"csrf_token=" + owner.token("/profile").encode() + b"&name="
    token = {"Cookie": "; ".join(f"{name}={value}" for name, value in owner.cookies.items())} | FORM
    for size, status, words in ((LIMIT, 422, "Your profile"), (LIMIT + 1, 413, "That was too much at once")):
        with Wire(port) as wire:
            answer = wire.ask("POST", "/profile", token, start + b"x" * (size - len(start)))
            assert (answer.status, words in answer.text) == (status, True), answer.text


def test_a_body_in_chunks_has_the_same_limit(port: int) -> None:
    with Wire(port) as wire:
        wire.send(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.send(b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(17)) + b"0\r\n\r\n")
        assert wire.answer("POST").status in (403, 413)


def test_a_file_is_streamed_in_chunks_that_end(owner: Person) -> None:
    answer = owner.ask("GET", "/saas/clients/export.csv")
    assert (answer.status, answer.headers["transfer-encoding"]) == (200, "chunked")
    assert "Harbor Dental" in answer.text
    assert owner.ask("HEAD", "/saas/clients/export.csv").body == b""


def test_a_picture_that_was_uploaded(owner: Person) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(file, "PNG")
    fields = f'--cut\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{owner.token("/profile")}\r\n'
    head = (
        '--cut\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body = fields.encode() + head.encode() + file.getvalue() + b"\r\n--cut--\r\n"
    sent = owner.ask(
        "POST", "/settings/branding/pictures/logo_light", {"Content-Type": "multipart/form-data; boundary=cut"}, body
    )
    assert sent.status in (200, 303), sent.text
    found = re.search(r"/brand/[\w-]+", owner.ask("GET", "/settings/branding").text)
    assert found is not None
    picture = owner.ask("GET", found.group())
    again = owner.ask("GET", found.group(), {"If-None-Match": picture.headers["etag"]})
    assert (picture.headers["content-type"], len(picture.body)) == ("image/png", length(picture))
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("is_signed", [True, False])
def test_what_stripe_is_answered(stranger: Person, business: Business, is_signed: bool) -> None:
    body = events.as_body(events.event("customer.created", events.customer()))
    header = events.signature(body, business.webhook_secret) if is_signed else "t=1,v1=00"
    answer = stranger.ask("POST", business.webhook, {"Stripe-Signature": header}, body)
    assert (answer.status, len(answer.body)) == (200 if is_signed else 400, length(answer))


@pytest.mark.parametrize("path", ["/healthz", "/portal/pricing", "/saas/plans"])
def test_an_older_client_is_told_the_end_by_the_end(port: int, path: str) -> None:
    """HTTP/1.0, which nginx speaks to a server unless it is told otherwise."""
    with Wire(port) as wire:
        wire.send(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = wire.answer()
        assert len(answer.body) == length(answer)
        assert not wire.is_open


@pytest.mark.parametrize("request_line", [b"nonsense\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_no_http_is_refused_and_the_connection_closed(port: int, request_line: bytes) -> None:
    with Wire(port) as wire:
        wire.send(request_line)
        assert wire.answer().status in (400, 404)
