"""A host platform: a real HTTP receiver of outgoing webhooks, and the passing of simulated time for them."""

import socket
import sys
import threading
import traceback
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Literal, Self

from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import delivery, endpoints
from billingportal.domain.outgoing_webhooks.endpoints import EndpointTerms
from billingportal.domain.outgoing_webhooks.event_types import CHOICES
from billingportal.domain.outgoing_webhooks.http.requests import Network
from billingportal.models import OutgoingAttempt, OutgoingDelivery, OutgoingEndpoint, OutgoingMessage
from billingportal.plain_json import JsonObject, read
from billingportal.portal import current_portal

Behaviour = int | Literal["drip", "drip_body", "hang_up", "garbage", "large", "endless_100"]


@dataclass(frozen=True)
class Arrival:
    """A request that came in, as it was sent."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> JsonObject:
        found = read(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def data(self) -> JsonObject:
        found = self.document["data"]
        assert isinstance(found, dict)
        return found

    def verify(self, secret: str) -> None:
        """Raises WebhookVerificationError unless the secret signed this request within the last five minutes."""
        Webhook(secret).verify(self.body, self.headers)


class HostPlatform(ThreadingHTTPServer):
    """Listens on a free port. Answers with `behaviours` one by one, then with `usually`."""

    daemon_threads = True

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.arrived: list[Arrival] = []
        self.behaviours: list[Behaviour] = []
        self.usually: Behaviour = 200
        self.answers_by_client: dict[str, Behaviour] = {}
        self.released = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def url(self, host: str = "127.0.0.1", path: str = "/hooks") -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def behaviour_for(self, arrival: Arrival) -> Behaviour:
        self.arrived.append(arrival)
        own = self.answers_by_client.get(str(arrival.data.get("client")))
        if own is not None:
            return own
        return self.behaviours.pop(0) if self.behaviours else self.usually

    def types(self) -> list[str]:
        return [str(one.document["type"]) for one in self.arrived]

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that ends the connection is no failure here."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


class Hook(BaseHTTPRequestHandler):
    """One connection from the portal."""

    server: HostPlatform
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        arrival = Arrival(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        behaviour = self.server.behaviour_for(arrival)
        if isinstance(behaviour, int):
            self.answer(behaviour, b'{"error": "database is locked"}' if behaviour >= 300 else b"")
        elif behaviour == "large":
            self.answer(500, b"x" * 100_000)
        else:
            self.misbehave(behaviour)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self.server.url(path="/elsewhere"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, behaviour: str) -> None:
        self.close_connection = True
        if behaviour == "garbage":
            self.wfile.write(b"\x00\xffnonsense\r\n\r\n")
        elif behaviour == "drip":
            self.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Padding: " + b"x" * 1000)
        elif behaviour == "drip_body":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
            self.drip(b"y" * 5000)
        elif behaviour == "endless_100":
            self.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.001)

    def drip(self, text: bytes, pause: float = 0.05) -> None:
        for one in text:
            self.wfile.write(bytes([one]))
            self.wfile.flush()
            if self.server.released.wait(pause):
                return

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `arrived`."""


LOCAL = Network(allows_private=True)


def quick(seconds: float) -> Network:
    """The local network, with less time for an attempt than the product gives."""
    return Network(allows_private=True, seconds=seconds)


def add_endpoint(url: str, *events: str, staff_id: int | None = None) -> tuple[int, str]:
    """Add an endpoint in test mode for all events, or for some; its id and its secret."""
    with transaction() as session:
        endpoint, secret = endpoints.add_endpoint(
            session,
            current_portal().vault,
            "test",
            EndpointTerms(url, events or CHOICES),
            allows_private=True,
            staff_id=staff_id,
        )
        return endpoint.id, secret


def deliver(network: Network = LOCAL) -> int:
    """Send what is due, as the worker does; how many attempts were made."""
    return delivery.deliver_due(transaction, current_portal().vault, network)


def pass_time(by: timedelta) -> None:
    """Let simulated time pass: what is stored for a moment comes nearer, what is past goes further away."""
    columns = {
        OutgoingEndpoint: ("failing_since", "last_taken_at", "old_secret_ends_at", "off_at", "paused_at"),
        OutgoingDelivery: ("next_attempt_at", "created_at"),
        OutgoingMessage: ("created_at",),
        OutgoingAttempt: ("attempted_at",),
    }
    with transaction() as session:
        for model, names in columns.items():
            for row in session.scalars(select(model)):
                for name in names:
                    moment = getattr(row, name)
                    setattr(row, name, moment and moment - by)
        session.flush()
        delivery.switch_off_failing(session, clock.now())


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
