"""Sends one message to one address, and puts the outcome into words."""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import cast

from billingportal.domain.outgoing_webhooks.http.addresses import (
    Address,
    ForbiddenAddress,
    Target,
    check_address,
    literal,
    read_url,
)
from billingportal.domain.outgoing_webhooks.http.connection import LimitedSocket, TimeLimit, connect
from billingportal.domain.outgoing_webhooks.http.resolution import Resolver, resolve
from billingportal.errors import Refusal

# Seconds for an attempt in all: resolving, connecting, TLS, sending and reading the answer.
SECONDS = 10.0
KEPT_BYTES = 1024
GONE = 410
NO_ANSWER = f"No answer within {SECONDS:.0f} s"


@dataclass(frozen=True)
class Network:
    """How messages leave: the resolver, and the certificates that are trusted (None: those of the system)."""

    allows_private: bool
    resolve: Resolver = resolve
    trust: ssl.SSLContext | None = None
    seconds: float = SECONDS


@dataclass(frozen=True)
class Outcome:
    """`status` is the HTTP status, None without an answer. `problem` is empty when the message was taken."""

    status: int | None
    problem: str
    answer: str = ""
    duration_ms: int = 0

    @property
    def is_taken(self) -> bool:
        return not self.problem


@dataclass(frozen=True)
class Request:
    """A signed message on its way. `repr` leaves out the signatures and the body."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)


def send(request: Request, network: Network) -> Outcome:
    """Make one attempt. Never raises for what the address does."""
    started = time.monotonic()
    status, problem, answer = attempt(request, network)
    return Outcome(status, problem, answer, round((time.monotonic() - started) * 1000))


def attempt(request: Request, network: Network) -> tuple[int | None, str, str]:
    """The status, the problem in words, and the beginning of the answer."""
    try:
        status, answer = exchange(request, network)
    except (Refusal, ForbiddenAddress) as error:
        return None, str(error).rstrip("."), ""
    except TimeoutError:
        return None, NO_ANSWER, ""
    except ssl.SSLCertVerificationError as error:
        return None, f"The certificate is not valid: {error.verify_message}", ""
    except ssl.SSLError as error:
        return None, f"TLS failed: {error.reason or 'the connection was closed'}", ""
    except ConnectionRefusedError:
        return None, "Connection refused", ""
    except socket.gaierror:
        return None, "No server has this name", ""
    except http.client.RemoteDisconnected:
        return None, "The connection was closed without an answer", ""
    except http.client.HTTPException:
        return None, "The answer is not HTTP", ""
    except OSError as error:
        return None, f"The connection failed: {error.strerror or 'it was closed'}", ""
    return status, problem_of(status), answer


def problem_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"{status}, not followed"
    return str(status)


def exchange(request: Request, network: Network) -> tuple[int, str]:
    """The status and the first 1 kB of the answer. A redirect is an answer like any other."""
    limit = TimeLimit.of(network.seconds)
    target = read_url(request.url, allows_private=network.allows_private)
    addresses = checked_addresses(target, network, limit)
    connected = connect(target, addresses, limit, network.trust)
    try:
        connected.settimeout(limit.left)
        connected.sendall(raw_request(target, request))
        return read_answer(connected, limit)
    finally:
        connected.close()


def checked_addresses(target: Target, network: Network, limit: TimeLimit) -> list[Address]:
    """Every address of the host. Raises ForbiddenAddress when one of them may not be sent to."""
    try:
        addresses = [literal(target.host)]
    except ValueError:
        addresses = network.resolve(target.host, target.port, limit.left)
    for address in addresses:
        check_address(address, allows_private=network.allows_private)
    return addresses


def raw_request(target: Target, request: Request) -> bytes:
    body = request.body.encode()
    headers = {
        "Host": target.authority,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "BillingPortal-Webhooks/1",
        "Accept": "*/*",
        "Connection": "close",
        **request.headers,
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + body


def read_answer(connected: socket.socket, limit: TimeLimit) -> tuple[int, str]:
    """The status decides: a body that comes too slowly, or breaks off, changes nothing."""
    answer = http.client.HTTPResponse(cast(socket.socket, LimitedSocket(connected, limit)), method="POST")
    answer.begin()
    kept = b""
    try:
        while len(kept) < KEPT_BYTES and (more := answer.read1(KEPT_BYTES - len(kept))):
            kept += more
    except (OSError, http.client.HTTPException):
        pass
    return answer.status, shown_text(kept)


def shown_text(body: bytes) -> str:
    """The body as text that can be stored and shown, without control characters."""
    text = body.decode(errors="replace")
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)
