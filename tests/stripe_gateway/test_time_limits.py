"""One deadline for a whole call: its name look-up, its connection, its turn, its retries, its answer."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import stripe

from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.errors import StripeUnreachable
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.limits import BACKGROUND, FORM, Limits
from tests.support.certificates import certificate
from tests.support.stripe.misbehaving import Conversation, Manner, Misbehaving
from tests.support.stripe.misbehaviours import QUICK, answered, cut_off, message, reset_at_once, silent, slow_body

KEY = "sk_test_51limits"
LIST = {"object": "list", "data": [], "has_more": False}
CUSTOMER = {"object": "customer", "id": "cus_1"}


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


def first_then(*manners: Manner) -> Manner:
    """One manner a request, the last one for all that follow."""
    left = list(manners)

    def next_one(conversation: Conversation) -> None:
        manner = left.pop(0) if len(left) > 1 else left[0]
        manner(conversation)

    return next_one


def seconds_of(call: Callable[[], object]) -> float:
    """How long a call takes that ends without an answer."""
    started = time.monotonic()
    with pytest.raises(StripeUnreachable, match="did not answer in time"):
        call()
    return time.monotonic() - started


def test_a_form_has_ten_seconds_and_the_worker_more() -> None:
    assert FORM.call_seconds == FORM.total_seconds == 10
    # As the SDK waits 80 seconds: in each of two attempts.
    assert (BACKGROUND.call_seconds, BACKGROUND.total_seconds) == (161, None)


@pytest.mark.parametrize("manner", [reset_at_once, cut_off, QUICK["502 with a page"]])
def test_the_second_attempt_has_the_same_idempotency_key(server: Misbehaving, manner: Manner) -> None:
    server.manner = first_then(manner, answered(CUSTOMER))
    assert gateway_opener(server.url)(KEY).create_customer("Harbor", "customer-1") == "cus_1"
    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["customer-1"] * 2
    assert server.asked[0].body == server.asked[1].body


def test_a_connection_that_is_stuck_leaves_time_for_another(server: Misbehaving) -> None:
    server.manner = first_then(silent, answered(CUSTOMER))
    assert gateway_opener(server.url, limits=Limits(3))(KEY).create_customer("Harbor", "customer-1") == "cus_1"


def test_all_calls_of_a_form_share_its_budget(server: Misbehaving) -> None:
    server.manner = slow_body
    gateway = gateway_opener(server.url, limits=Limits(0.4, 0.6))(KEY)
    spent = [seconds_of(gateway.webhook_endpoints) for _ in range(5)]
    assert sum(spent) < 3
    assert spent[-1] < 0.3
    asked = len(server.asked)
    seconds_of(gateway.tax_settings)
    assert len(server.asked) == asked


def test_the_worker_asks_on_after_a_call_that_took_too_long(server: Misbehaving) -> None:
    server.manner = slow_body
    gateway = gateway_opener(server.url, limits=Limits(0.3))(KEY)
    for _ in range(3):
        seconds_of(gateway.webhook_endpoints)
    server.manner = answered(LIST)
    assert gateway.webhook_endpoints() == []


def test_a_turn_that_comes_too_late_is_not_waited_for(server: Misbehaving) -> None:
    server.manner = answered(LIST)
    gateway = gateway_opener(server.url, calls_per_second=1, limits=Limits(0.5))(KEY)
    gateway.webhook_endpoints()
    assert seconds_of(gateway.webhook_endpoints) < 0.5
    assert len(server.asked) == 1


def test_a_name_that_nobody_resolves_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        asked.wait(15)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        gateway = gateway_opener("http://stripe.example", limits=Limits(0.4))(KEY)
        assert seconds_of(gateway.webhook_endpoints) < 5
    finally:
        asked.set()


def test_an_address_that_takes_no_connection_is_not_waited_for() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        gateway = gateway_opener(f"http://127.0.0.1:{full.getsockname()[1]}", limits=Limits(0.4))(KEY)
        assert seconds_of(gateway.webhook_endpoints) < 5
        for one in waiting:
            one.close()


def test_a_handshake_that_stops_is_not_waited_for(server: Misbehaving) -> None:
    server.manner = silent
    gateway = gateway_opener(server.url.replace("http:", "https:"), limits=Limits(0.4))(KEY)
    assert seconds_of(gateway.webhook_endpoints) < 5


@pytest.mark.parametrize(
    ("address", "days", "is_trusted", "is_fine"),
    [
        ("127.0.0.1", 1, True, True),
        ("127.0.0.1", 1, False, False),
        ("127.0.0.1", -1, True, False),
        ("127.0.0.2", 1, True, False),
    ],
    ids=["good", "signed by itself", "expired", "of another name"],
)
def test_a_wrong_certificate_ends_in_words_and_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, days: int, is_trusted: bool, is_fine: bool
) -> None:
    made = certificate(tmp_path, address, days)
    if is_trusted:
        monkeypatch.setattr(stripe, "ca_bundle_path", str(made.file))
    with Misbehaving(tls=made.server) as server:
        server.manner = answered(LIST)
        gateway = gateway_opener(server.url)(KEY)
        if is_fine:
            assert gateway.webhook_endpoints() == []
        else:
            with pytest.raises(StripeUnreachable, match="The certificate at Stripe's address is not valid"):
                gateway.webhook_endpoints()
        assert len(server.asked) == int(is_fine)


def test_a_slow_answer_over_tls_ends_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = certificate(tmp_path)
    monkeypatch.setattr(stripe, "ca_bundle_path", str(made.file))
    with Misbehaving(tls=made.server) as server:
        server.manner = slow_body
        assert seconds_of(gateway_opener(server.url, limits=Limits(0.5))(KEY).webhook_endpoints) < 5


def test_a_proxy_that_is_slow_ends_at_the_deadline(server: Misbehaving, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy is used, for plain requests and to reach Stripe through."""
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("https_proxy", server.url)
    server.manner = slow_body
    for base in ("http://stripe.example", "https://stripe.example"):
        with pytest.raises(StripeUnreachable):
            gateway_opener(base, limits=Limits(0.4))(KEY).webhook_endpoints()
    assert {asked.method for asked in server.asked} == {"GET", "CONNECT"}


def test_threads_share_one_gateway_and_each_gets_its_own_answer(server: Misbehaving) -> None:
    def echo(conversation: Conversation) -> None:
        price_id = parse_qs(conversation.asked.target.partition("?")[2])["lookup_keys[0]"][0]
        found = f'{{"object": "list", "data": [{{"id": "{price_id}"}}], "has_more": false}}'
        conversation.say(message(found.encode()))

    server.manner = echo
    gateway: StripeGateway = gateway_opener(server.url, limits=BACKGROUND)(KEY)
    wanted = [f"price_{number}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(gateway.price_id_of_lookup_key, wanted)) == wanted


def test_no_cookie_of_an_answer_is_sent_back(server: Misbehaving) -> None:
    server.manner = answered(LIST, "200 OK", "Set-Cookie: who=other; Path=/")
    gateway = gateway_opener(server.url)(KEY)
    gateway.webhook_endpoints()
    gateway.webhook_endpoints()
    assert "cookie" not in server.asked[-1].headers
