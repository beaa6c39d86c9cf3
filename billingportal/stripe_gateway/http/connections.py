"""HTTP connections whose time-outs limit the total time of connecting and of reading.

A socket's own time-out is between two bytes, so an answer of one byte a second would never end. Here the connect
time-out is for the DNS look-up, all addresses and TLS together, and the read time-out for head and body together.
"""

import http.client
import io
import socket
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from billingportal.stripe_gateway.limits import Deadline

# Idle connections that are kept open for later calls. More may be in use.
KEPT_CONNECTIONS = 32

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline, however slowly the bytes arrive."""

    def __init__(self, sock: socket.socket, source: io.RawIOBase, deadline: Deadline) -> None:
        self._socket = sock
        self._source = source
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read the available bytes. Raises TimeoutError at the deadline."""
        seconds = self._deadline.seconds_left
        if not seconds:
            raise TimeoutError("the answer took too long")
        self._socket.settimeout(seconds)
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


class TimedResponse(http.client.HTTPResponse):
    """A response whose head and body together must arrive within the socket's initial time-out."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        deadline = Deadline(sock.gettimeout() or 0)
        self.fp = io.BufferedReader(TimedReader(sock, self.fp.detach(), deadline))


class PlainConnection(HTTPConnection):
    response_class = TimedResponse

    def _new_conn(self) -> socket.socket:
        return open_socket(self, self._dns_host)


class SecureConnection(HTTPSConnection):
    response_class = TimedResponse

    def _new_conn(self) -> socket.socket:
        return open_socket(self, self._dns_host)


class PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection


class SecurePool(HTTPSConnectionPool):
    ConnectionCls = SecureConnection


POOLS = {"http": PlainPool, "https": SecurePool}


def open_socket(connection: HTTPConnection, host: str) -> socket.socket:
    """A connected socket. Its time-out, for TLS, is the rest of the connect time-out. Raises urllib3's errors."""
    try:
        return connect(host, connection.port, Deadline(connection.timeout or 0), connection.socket_options or ())
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no connection to {host} in time") from error
    except OSError as error:
        raise NewConnectionError(connection, f"no connection to {host}: {error}") from error


def connect(host: str, port: int, deadline: Deadline, options: Iterable[tuple[int, int, int | bytes]]) -> socket.socket:
    """Try one address after the other. Raises OSError, among them socket.gaierror and TimeoutError."""
    failure: OSError = TimeoutError("no address answered in time")
    for family, kind, protocol, _, address in resolve(host, port, deadline):
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            limit(sock, deadline)
            sock.connect(address)
            limit(sock, deadline)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def limit(sock: socket.socket, deadline: Deadline) -> None:
    """Limit the socket to the seconds left. Raises TimeoutError at zero, which a socket takes for "never wait"."""
    if not deadline.seconds_left:
        raise TimeoutError("the connection took too long")
    sock.settimeout(deadline.seconds_left)


def resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """The addresses of a host. The system's look-up has no time-out, so it runs in a thread that may outlive us."""
    found: Future[list[Address]] = Future()

    def look_up() -> None:
        try:
            found.set_result([*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            found.set_exception(error)

    threading.Thread(target=look_up, daemon=True, name="look up Stripe's address").start()
    return found.result(deadline.seconds_left)


class TimedAdapter(HTTPAdapter):
    """Opens the connections above, directly or through the proxy of the environment."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **others: object) -> None:
        super().init_poolmanager(connections, maxsize, block, **others)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **others: object) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(proxy, **others)
        # A SOCKS proxy needs its own connection class.
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager


class StripeSession(requests.Session):
    """One session for all threads. It keeps connections, but no cookies."""

    def __init__(self) -> None:
        super().__init__()
        adapter = TimedAdapter(pool_maxsize=KEPT_CONNECTIONS)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: otherwise the library reads a redirect's whole body without a limit, even if it does not follow it."""
        return None
