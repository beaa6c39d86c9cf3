"""Slow visitors beside one who is not: behind the proxies of deploy/ they take no thread of the portal.

More of them than the portal has threads; `./bin/bench slow` measures 200.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.crowd import Crowd, Manner, ask
from tests.support.proxies import HOST, NAMES, Name, proxied
from tests.support.served import Business, behind, served

PAGE = "/portal/pricing"
# Seconds, on a busy machine. Without what is tested, the page would never come.
GENEROUS = 60
MANNERS: tuple[Manner, ...] = ("nothing", "head", "body", "reading")


@pytest.fixture(scope="module")
def portal(business: Business) -> Iterator[int]:
    with served(behind(business.settings, 1), "--workers", "1", "--threads", "4") as port:
        yield port


@pytest.mark.parametrize("name", NAMES)
def test_pages_come_beside_slow_visitors(portal: int, tmp_path: Path, name: Name) -> None:
    with proxied(name, portal, tmp_path / name) as proxy, ExitStack() as crowds:

        def connect() -> socket.socket:
            return proxy.wire().socket

        for manner in MANNERS:
            crowds.enter_context(Crowd(connect, 8, manner, host=HOST, page="/static/app.css"))
        assert [ask(connect, PAGE, HOST, GENEROUS) for _ in range(5)] == [True] * 5


def test_gunicorn_alone_gives_up_who_does_not_come_to_an_end(business: Business) -> None:
    """As many of them as it has threads: a page comes once they are given up."""
    with served(business.settings, "--workers", "1", "--threads", "2") as port, ExitStack() as crowds:

        def connect() -> socket.socket:
            return socket.create_connection(("127.0.0.1", port), timeout=GENEROUS)

        slow: tuple[Manner, ...] = ("head", "body")
        for manner in slow:
            crowds.enter_context(Crowd(connect, 1, manner, host=HOST, page=PAGE))
        assert ask(connect, PAGE, HOST, GENEROUS)
