"""Finds free ports, and checks whether a server answers on one."""

import errno
import http.client
import socket

from billingportal.errors import PortalError

# Hosts that mean "every address of this machine".
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104


class CannotListen(PortalError):
    """A server could not listen on the port. The message says why and what to do."""


def listen_or_refuse(host: str, port: int) -> socket.socket:
    """A socket that listens on the host and port. Raises CannotListen when it cannot."""
    try:
        return listen(host, port)
    except OSError as error:
        raise CannotListen(why_not(error, host, port)) from None


def why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken. Stop what uses it, or choose another one with --port."
    if error.errno == errno.EACCES:
        return f"port {port} needs root. Choose one above 1023 with --port."
    return f"cannot listen on {host} ({error.strerror}). Choose an address of this machine with --host."


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def listen_near(wanted: int) -> socket.socket:
    """Listen on the wanted port of the loopback address, or on another one when it is taken.

    Pass the socket on to the server: a port that is only known to be free may be taken a moment later.
    """
    try:
        return listen("127.0.0.1", wanted)
    except OSError:
        return listen("127.0.0.1", 0)


def free_port(wanted: int) -> int:
    """The wanted port of the loopback address, or another one when it is taken."""
    with listen_near(wanted) as found:
        return int(found.getsockname()[1])


def answers(host: str, port: int, path: str) -> bool:
    """Whether a web server answers this path with 200 within a few seconds."""
    connection = http.client.HTTPConnection(nearest(host), port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def nearest(host: str) -> str:
    """The address at which this machine itself reaches a server that listens on a host."""
    return "127.0.0.1" if host in EVERYWHERE else host


def in_address(host: str) -> str:
    """The host as a URL writes it."""
    return f"[{nearest(host)}]" if ":" in nearest(host) else nearest(host)
