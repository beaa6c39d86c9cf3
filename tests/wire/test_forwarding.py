"""What the portal believes about a visitor: address, scheme and host, direct and behind one proxy or two.

The visitor lies in every header. What is believed is looked up where it counts: the address by which wrong sign-ins are
counted, and the addresses that pages print while PORTAL_PUBLIC_URL is not set.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, select

from billingportal.models import SignInAttempt
from tests.support.proxies import HOST, NAMES, Name, proxied
from tests.support.served import Business, Person, behind, served
from tests.support.wire import Wire

VISITOR, LIE, OUTER = "127.0.0.3", "198.51.100.66", "127.0.0.1"
FORGED = {
    "Host": HOST,
    "Referer": f"https://{HOST}/",
    "X-Forwarded-For": LIE,
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": f"for={LIE};host=evil.example;proto=gopher",
    "X-Real-IP": LIE,
}
# The lines that README has people add to the inner one of two proxies, so that it believes the outer one.
BELIEVE: dict[Name, tuple[tuple[str, str], ...]] = {
    "caddy": (("\t\tbuffer_requests", "\t\ttrusted_proxies private_ranges\n\t\tbuffer_requests"),),
    "nginx": (
        ("X-Forwarded-Host $host", "X-Forwarded-Host $http_x_forwarded_host"),
        ("X-Forwarded-Proto $scheme", "X-Forwarded-Proto $http_x_forwarded_proto"),
    ),
}
Portal = Callable[[int], int]


@pytest.fixture(scope="module")
def portal(business: Business) -> Iterator[Portal]:
    """The port of the portal behind so many proxies."""
    with ExitStack() as running:
        ports: dict[int, int] = {}

        def start(proxies: int) -> int:
            if proxies not in ports:
                settings = behind(business.settings, proxies)
                ports[proxies] = running.enter_context(served(settings, "--workers", "1"))
            return ports[proxies]

        yield start


def believed(business: Business, wire: Wire) -> tuple[str, str]:
    """The address that a wrong sign-in counts for, and the address of the pricing page in a page of staff."""
    with wire:
        person = Person(wire, FORGED)
        engine = create_engine(business.settings.database_url)
        with engine.begin() as connection:
            connection.execute(delete(SignInAttempt))
        wrong = person.submit("/sign-in", {"email": "nobody@example.com", "password": "wrong"}, page="/sign-in")
        assert wrong.status == 422, wrong.text
        with engine.begin() as connection:
            address = connection.scalars(select(SignInAttempt.address)).one()
        engine.dispose()
        assert person.sign_in().status == 303
        found = re.search(r'"(\w+://[^"]+)/portal/pricing"', person.ask("GET", "/saas/plans").text)
        assert found is not None
        return address, found.group(1)


def test_direct_nothing_is_believed(portal: Portal, business: Business) -> None:
    assert believed(business, Wire(portal(0), source=VISITOR)) == (VISITOR, f"http://{HOST}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("trusted", "address", "url"),
    [
        # Nothing is believed: everybody has the proxy's address, and pages name http.
        (0, OUTER, f"http://{HOST}"),
        (1, VISITOR, f"https://{HOST}"),
    ],
)
def test_behind_one_proxy(
    portal: Portal, business: Business, tmp_path: Path, name: Name, trusted: int, address: str, url: str
) -> None:
    with proxied(name, portal(trusted), tmp_path / name) as proxy:
        assert believed(business, proxy.wire(VISITOR)) == (address, url)


def test_more_proxies_in_the_setting_than_there_are(portal: Portal, business: Business, tmp_path: Path) -> None:
    """nginx passes on what the visitor claims, and the portal believes it; Caddy throws it away."""
    with proxied("nginx", portal(2), tmp_path / "nginx") as proxy:
        assert believed(business, proxy.wire(VISITOR)) == (LIE, f"https://{HOST}")
    with proxied("caddy", portal(2), tmp_path / "caddy") as proxy:
        assert believed(business, proxy.wire(VISITOR)) == (OUTER, f"https://{HOST}")


@pytest.mark.parametrize(("outer", "inner"), [(one, other) for one in NAMES for other in NAMES])
def test_behind_two_proxies(portal: Portal, business: Business, tmp_path: Path, outer: Name, inner: Name) -> None:
    """The inner one takes plain http from the outer one, as between two machines of one network."""
    with ExitStack() as running:
        nearest = running.enter_context(proxied(inner, portal(2), tmp_path / "in", *BELIEVE[inner], is_plain=True))
        proxy = running.enter_context(proxied(outer, nearest.port, tmp_path / "out"))
        assert believed(business, proxy.wire(VISITOR)) == (VISITOR, f"https://{HOST}")
