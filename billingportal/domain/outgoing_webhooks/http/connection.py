"""A connection with one time limit for everything that happens on it, to an address that was checked."""

import io
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from billingportal.domain.outgoing_webhooks.http.addresses import Address, Target

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True)
class TimeLimit:
    """A deadline on the monotonic clock."""

    ends_at: float

    @classmethod
    def of(cls, seconds: float) -> "TimeLimit":
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left. Raises TimeoutError when none are."""
        seconds = self.ends_at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the time is over")
        return seconds


class LimitedReader(io.RawIOBase):
    """Reads from a socket until the deadline, however slowly the bytes come."""

    def __init__(self, connected: socket.socket, limit: TimeLimit) -> None:
        self._socket = connected
        self._limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        self._socket.settimeout(self._limit.left)
        return self._socket.recv_into(buffer)


class LimitedSocket:
    """As much of a socket as `http.client.HTTPResponse` needs."""

    def __init__(self, connected: socket.socket, limit: TimeLimit) -> None:
        self._reader = io.BufferedReader(LimitedReader(connected, limit))

    def makefile(self, *_: object) -> "io.BufferedReader[LimitedReader]":
        return self._reader


def connect(target: Target, addresses: list[Address], limit: TimeLimit, trust: ssl.SSLContext | None) -> socket.socket:
    """Connect to the first of the checked addresses that answers; TLS is for the name. Raises OSError."""
    connected = connect_to_one(target.port, addresses, limit)
    if target.scheme == "http":
        return connected
    try:
        connected.settimeout(limit.left)
        return (trust or system_trust()).wrap_socket(connected, server_hostname=target.host.rstrip("."))
    except BaseException:
        connected.close()
        raise


@cache
def system_trust() -> ssl.SSLContext:
    """The system's certificates. Reading them takes longer than a quick answer."""
    return ssl.create_default_context()


def connect_to_one(port: int, addresses: list[Address], limit: TimeLimit) -> socket.socket:
    """Each address gets its share of the time, so that one that is dead leaves some for the next."""
    problem: OSError = OSError("the name has no address")
    for position, address in enumerate(addresses):
        share = limit.left / (len(addresses) - position)
        try:
            return socket.create_connection((str(address), port), timeout=share)
        except OSError as error:
            problem = error
    raise problem
