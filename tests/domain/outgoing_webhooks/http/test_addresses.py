"""No message goes into the portal's own network, whatever a name resolves to and whenever."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from billingportal.clock import now
from billingportal.domain.outgoing_webhooks.http.addresses import Address, ForbiddenAddress, check_address, read_url
from billingportal.domain.outgoing_webhooks.http.requests import Network, Request, send
from billingportal.domain.outgoing_webhooks.http.resolution import resolve
from billingportal.domain.outgoing_webhooks.signatures import new_secret, signed_headers
from billingportal.errors import Refusal
from tests.support.certificates import certificate
from tests.support.usage.host_platform import HostPlatform

SECRET = new_secret()
NOT_PUBLIC = {
    "0.0.0.0": "reserved",  # noqa: S104
    "10.0.4.12": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "carrier-grade NAT",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "169.254.169.254": "link-local",
    "172.31.255.255": "private",
    "192.0.0.8": "reserved",
    "192.168.1.1": "private",
    "198.19.255.255": "reserved",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "reserved",
    "::1": "loopback",
    "::7f00:1": "reserved",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:10.0.0.1": "private",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a9fe:a9fe": "link-local",
    "64:ff9b:1::a00:1": "reserved",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "reserved",
    "2001:db8::1": "reserved",
    "2002:7f00:1::": "loopback",
    "2002:c0a8:101::1": "private",
    "fc00::1": "private",
    "fd12:3456::1": "private",
    "fe80::1": "link-local",
    "fec0::1": "reserved",
    "ff02::1": "multicast",
}
PUBLIC = ["1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"]


@pytest.fixture
def platform() -> Iterator[HostPlatform]:
    with HostPlatform() as running:
        yield running


def request(url: str) -> Request:
    body = '{"type":"webhook.test","timestamp":"2026-11-26T12:00:00Z","data":{}}'
    return Request(url, signed_headers((SECRET,), "msg_1", now(), body), body)


@pytest.mark.parametrize(("address", "words"), NOT_PUBLIC.items())
def test_an_address_that_is_not_public_is_refused(address: str, words: str) -> None:
    with pytest.raises(ForbiddenAddress, match=f"is a {words} address"):
        check_address(ip_address(address), allows_private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    check_address(ip_address(address), allows_private=False)


@pytest.mark.parametrize(("address", "words"), NOT_PUBLIC.items())
def test_the_setting_allows_private_networks_and_nothing_else(address: str, words: str) -> None:
    if words in ("private", "loopback", "carrier-grade NAT"):
        check_address(ip_address(address), allows_private=True)
    else:
        with pytest.raises(ForbiddenAddress):
            check_address(ip_address(address), allows_private=True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "Enter a complete address"),
        ("chat.example.com/hooks", "Enter a complete address"),
        ("ftp://chat.example.com/", "Enter a complete address"),
        ("javascript:alert(1)", "Enter a complete address"),
        ("https://", "Enter a complete address"),
        ("https:///hooks", "Enter a complete address"),
        ("https://chat.example.com:0/", "Enter a complete address"),
        ("https://chat.example.com:99999/", "Enter a complete address"),
        ("https://[::1/", "Enter a complete address"),
        ("https://chat.example.com/a b", "Enter a complete address"),
        ("https://chat.example.com/\r\nHost: x", "Enter a complete address"),
        ("https://chat.example.com\\@127.0.0.1/", "Enter a complete address"),
        ("https://chat.example.com/\0", "Enter a complete address"),
        ("https://chat.example.com/\ud800", "Enter a complete address"),
        ("https://user:secret@chat.example.com/", "Leave out the user name and password"),
        ("https://@chat.example.com/", "Leave out the user name and password"),
        ("https://chat.example.com/#part", "Leave out the part after #"),
        ("http://chat.example.com/", "starts with https://"),
        ("https://2130706433/", "as four numbers"),
        ("https://0x7f.1/", "as four numbers"),
        ("https://127.1/", "as four numbers"),
        ("https://0177.0.0.1/", "as four numbers"),
        ("https://127.0.0.1/", "127.0.0.1 is a loopback address"),
        ("https://[::ffff:10.0.0.1]/", "10.0.0.1 is a private address"),
        ("https://①27.0.0.1/", "127.0.0.1|as four numbers"),
        ("https://localhost/", "name of a private network"),
        ("https://printer.local/", "name of a private network"),
        ("https://db.internal./", "name of a private network"),
        ("https://intranet/", "name of a private network"),
        ("https://-.example.com/", "No server can have this name"),
        ("https://" + "a" * 64 + ".example.com/", "No server can have this name"),
        ("https://chat.example.com/" + "a" * 2000, "at most 2,000 characters"),
    ],
)
def test_a_hostile_or_impossible_url_is_refused(url: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read_url(url, allows_private=False)


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://chat.example.com", "https://chat.example.com/"),
        ("HTTPS://Chat.Example.com:443/Hooks?a=1&b=%20", "https://chat.example.com/Hooks?a=1&b=%20"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ("https://chat.example.com:8443/a", "https://chat.example.com:8443/a"),
        ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]/a"),
    ],
)
def test_a_url_is_stored_in_one_form(url: str, stored: str) -> None:
    assert read_url(url, allows_private=False).url == stored
    assert read_url(stored, allows_private=False).url == stored


def rebinding(*answers: list[str]) -> Network:
    """Each look-up of the name takes the next of the answers, as a hostile name server gives them."""
    turns = iter(answers)

    def look_up(host: str, port: int, seconds: float) -> list[Address]:
        return [ip_address(one) for one in next(turns)]

    return Network(allows_private=False, resolve=look_up, seconds=1)


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:127.0.0.1"]])
def test_a_name_that_leads_to_a_private_address_gets_nothing(platform: HostPlatform, answers: list[str]) -> None:
    outcome = send(request(f"https://moved.example.com:{platform.server_port}/"), rebinding(answers))
    assert outcome.status is None
    assert "address" in outcome.problem
    assert platform.arrived == []


def test_the_connection_goes_to_the_very_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name moves between check and call: nobody asks for it again."""
    asked: list[object] = []
    called: list[object] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: asked.append(given))
    network = rebinding(["1.1.1.1", "2606:4700::1111"], ["127.0.0.1"])
    outcome = send(request("https://moved.example.com/hooks"), network)
    assert outcome.problem == "Connection refused"
    assert called == [("1.1.1.1", 443), ("2606:4700::1111", 443)]
    assert asked == []


def local(name: str, trust: object = None) -> Network:
    """A network in which the name is this machine."""

    def look_up(host: str, port: int, seconds: float) -> list[Address]:
        assert host == name
        return [ip_address("127.0.0.1")]

    return Network(allows_private=True, resolve=look_up, trust=trust, seconds=5)  # type: ignore[arg-type]


def test_tls_is_for_the_name_though_the_connection_goes_to_an_address(tmp_path: Path) -> None:
    ours = certificate(tmp_path, host="chat.example.com")
    with HostPlatform(ours.server) as platform:
        outcome = send(request(platform.url("chat.example.com")), local("chat.example.com", ours.client))
        assert outcome.is_taken, outcome
        platform.arrived[0].verify(SECRET)
        assert platform.arrived[0].headers["host"] == f"chat.example.com:{platform.server_port}"
        wrong = send(request(platform.url("other.example.com")), local("other.example.com", ours.client))
        assert wrong.problem.startswith("The certificate is not valid")
        untrusted = send(request(platform.url("chat.example.com")), local("chat.example.com"))
        assert untrusted.problem.startswith("The certificate is not valid")
        assert len(platform.arrived) == 1


def test_a_receiver_without_tls_is_said_in_words(platform: HostPlatform) -> None:
    outcome = send(request(platform.url("chat.example.com").replace("http:", "https:")), local("chat.example.com"))
    assert outcome.problem.startswith("TLS failed")


def test_a_name_that_nobody_has_is_said_in_words() -> None:
    outcome = send(request("https://nobody.invalid/"), Network(allows_private=True, resolve=resolve, seconds=5))
    assert outcome.problem in ("No server has this name", "No answer within 10 s")


def test_a_resolver_that_never_answers_costs_no_more_than_the_time_of_an_attempt() -> None:
    def hang(host: str, port: int, seconds: float) -> list[Address]:
        raise TimeoutError

    outcome = send(request("https://slow.example.com/"), Network(allows_private=True, resolve=hang))
    assert (outcome.status, outcome.problem, outcome.answer) == (None, "No answer within 10 s", "")


def test_a_setting_that_was_withdrawn_holds_for_stored_addresses_too(platform: HostPlatform) -> None:
    outcome = send(request(platform.url()), Network(allows_private=False))
    assert outcome.problem == "Use an address that starts with https://"
    assert platform.arrived == []


def test_the_request_never_shows_its_signature() -> None:
    assert "v1," not in repr(request("https://chat.example.com/"))
