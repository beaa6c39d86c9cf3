"""The portal behind Caddy and nginx with the settings of deploy/, which the README has people copy."""

from collections.abc import Iterator
from contextlib import suppress
from time import sleep

import pytest

from tests.support.people.checkouts import session_of
from tests.support.proxies import HOST, NAMES, Name, Proxy, proxied
from tests.support.served import FORM, Business, Person, behind, served
from tests.support.stripe import events
from tests.support.wire import Answer, Wire

LIMIT = 1024 * 1024
BROWSER = {"Host": HOST, "Referer": f"https://{HOST}/", "Accept-Encoding": "gzip"}


@pytest.fixture(scope="module")
def portal(business: Business) -> Iterator[int]:
    with served(behind(business.settings, 1, f"https://{HOST}")) as port:
        yield port


@pytest.fixture(scope="module", params=NAMES)
def proxy(request: pytest.FixtureRequest, portal: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    name: Name = request.param
    with proxied(name, portal, tmp_path_factory.mktemp("proxy") / name) as running:
        yield running


@pytest.fixture
def visitor(proxy: Proxy) -> Iterator[Person]:
    with proxy.wire() as wire:
        yield Person(wire, BROWSER)


def test_staff_sign_in_and_out(visitor: Person) -> None:
    signed_in = visitor.sign_in()
    assert (signed_in.status, signed_in.headers["location"], signed_in.body) == (303, "/", b"")
    assert "Secure" in signed_in.cookies[0]
    page = visitor.ask("GET", "/saas/plans")
    assert (page.status, "Growth" in page.text) == (200, True)
    assert page.headers["strict-transport-security"]
    assert visitor.submit("/sign-out", {}, page="/saas/plans").status == 303
    assert visitor.ask("GET", "/saas/plans").status == 303


def test_a_client_signs_up_and_pays(visitor: Person, business: Business, proxy: Proxy) -> None:
    order = {"plan": str(business.plans["Growth"]), "interval": "month", "currency": "usd"}
    page = "/portal/sign-up?" + "&".join(f"{name}={value}" for name, value in order.items())
    typed = {"name": f"Quay {proxy.port}", "email": f"q{proxy.port}@quay.example", "workspace_name": "Desk", **order}
    led = visitor.submit("/portal/sign-up", typed, page=page)
    assert led.status == 303
    session_id = session_of(led.headers["location"])
    business.till.pay(session_id)
    sold = next(one for one in business.till.sessions("complete") if one["id"] == session_id)
    back = sold["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)
    assert back.startswith(f"https://{HOST}/portal/checkout/")
    shown = visitor.ask("GET", back.removeprefix(f"https://{HOST}"))
    assert (shown.status, "Growth" in shown.text) == (200, True)
    assert visitor.ask("GET", "/portal/billing").status == 200


@pytest.mark.parametrize("is_chunked", [False, True], ids=["whole", "streamed"])
def test_a_webhook_arrives(visitor: Person, business: Business, is_chunked: bool) -> None:
    body = events.as_body(events.event("customer.created", events.customer("Harbor " * 20_000)))
    signed = {"Stripe-Signature": events.signature(body, business.webhook_secret)}
    if not is_chunked:
        answer = visitor.ask("POST", business.webhook, signed, body)
    else:
        answer = streamed(visitor.wire, business.webhook, signed, body)
    assert (answer.status, answer.text) == (200, "stored\n")


def streamed(wire: Wire, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """Send the body in chunks, with a pause between them."""
    head = [f"POST {path} HTTP/1.1", f"Host: {HOST}", "Transfer-Encoding: chunked"]
    wire.send("\r\n".join([*head, *(f"{name}: {value}" for name, value in headers.items())]).encode() + b"\r\n\r\n")
    for start in range(0, len(body), 50_000):
        part = body[start : start + 50_000]
        wire.send(b"%x\r\n%b\r\n" % (len(part), part))
        sleep(0.05)
    wire.send(b"0\r\n\r\n")
    return wire.answer("POST")


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 2 * LIMIT, 4 * LIMIT + 1])
def test_a_megabyte_is_read_and_more_is_refused_in_words(proxy: Proxy, visitor: Person, size: int) -> None:
    assert visitor.sign_in().status == 303
    start = b"csrf_token=" + visitor.token("/profile").encode() + b"&name="
    answer = visitor.ask("POST", "/profile", FORM, start + b"x" * (size - len(start)))
    expected = (422, "Your profile") if size <= LIMIT else (413, "That was too much at once")
    assert (answer.status, expected[1] in answer.text) == (expected[0], True), answer.text


def test_what_is_far_too_much_is_refused_too(proxy: Proxy) -> None:
    size = 6 * LIMIT
    with proxy.wire() as wire:
        wire.send(f"POST /sign-in HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode())
        with suppress(OSError):  # it may stop reading
            wire.send(b"x" * size)
        assert wire.answer("POST").status == 413


def test_files_and_pages_come_whole(visitor: Person) -> None:
    """Through the proxy, over one connection, a hundred times."""
    for _ in range(20):
        for path in ("/portal/pricing", "/static/app.css", "/brand.css", "/sign-in", "/nothing"):
            assert visitor.ask("GET", path).text
            assert visitor.ask("HEAD", path).body == b""
