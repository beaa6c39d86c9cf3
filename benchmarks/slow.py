"""How long a page takes beside slow visitors: from gunicorn alone, and behind Caddy and nginx as in deploy/."""

import argparse
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.crowd import MANNERS, Connect, Crowd, Use, use
from benchmarks.report import machine, percentile
from tests.support.database import SqliteDatabases, settings_for
from tests.support.proxies import HOST, NAMES, Name, Proxy, proxied
from tests.support.served import behind, served

PAGE = "/sign-in"
HEAD = "| | slow visitors | pages | that did not come | p50 ms | slowest ms |\n|---|---|---|---|---|---|"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--visitors", type=int, default=200, help="how many are slow (default: 200)")
    parser.add_argument("--seconds", type=float, default=15, help="how long pages are asked for (default: 15)")


def run(arguments: argparse.Namespace) -> None:
    print(f"{arguments.visitors} slow visitors; {machine()}\n\n{HEAD}", flush=True)
    for name in (None, *NAMES):
        for manner, words in MANNERS.items():
            with tempfile.TemporaryDirectory() as folder, running(name, Path(folder)) as proxy:
                slow = connector(proxy, receives=2048)
                with Crowd(slow, arguments.visitors, manner, host=HOST, page="/static/app.css"):
                    met = use(connector(proxy), PAGE, HOST, arguments.seconds)
            print(row(name or "gunicorn alone", words, met), flush=True)


@contextmanager
def running(name: Name | None, folder: Path) -> Iterator[Proxy]:
    """An empty portal with the usual number of workers and threads, behind this proxy."""
    with ExitStack() as parts:
        url = parts.enter_context(SqliteDatabases.prepare(folder).fresh(folder))
        port = parts.enter_context(served(behind(settings_for(url, folder), 1 if name else 0)))
        yield parts.enter_context(proxied(name, port, folder / name)) if name else Proxy(port, None)


def connector(proxy: Proxy, receives: int = 0) -> Connect:
    """Connects to the proxy; `receives` is the size in bytes of the receive buffer of a visitor who does not read."""

    def connect() -> socket.socket:
        plain = socket.socket()
        if receives:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        plain.settimeout(10)
        plain.connect(("127.0.0.1", proxy.port))
        return proxy.trust.wrap_socket(plain, server_hostname=HOST) if proxy.trust else plain

    return connect


def row(name: str, manner: str, met: Use) -> str:
    if not met.seconds:
        return f"| {name} | {manner} | 0 | {met.missing} | | |"
    p50, slowest = percentile(met.seconds, 50) * 1000, max(met.seconds) * 1000
    return f"| {name} | {manner} | {len(met.seconds)} | {met.missing} | {p50:.0f} | {slowest:.0f} |"
