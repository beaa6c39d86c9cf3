"""The HTTP server: sockets and threads, and the routing of requests to API, control API and pages."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from billingportal.sandbox import clock
from billingportal.sandbox.checkout import door as checkout
from billingportal.sandbox.control.api import Control
from billingportal.sandbox.control.home import Home
from billingportal.sandbox.customer_portal.door import Door
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Answer, Request
from billingportal.sandbox.invoice_page import door as invoice_page
from billingportal.sandbox.state.store import World
from billingportal.sandbox.webhooks.delivery import Postman

LARGEST_BODY = 1_000_000
IDLE_SECONDS = 60


class Sandbox(ThreadingHTTPServer):
    """The whole sandbox on one port. `close` ends every thread and connection that it opened."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, world: World, host: str, port: int, listening: int | None = None) -> None:
        """`listening` is the number of a socket that listens already. Raises OSError when the server cannot listen."""
        super().__init__((host, port), Connection, bind_and_activate=listening is None)
        if listening is not None:
            self.socket.close()
            self.socket = socket.socket(fileno=listening)
            self.server_address = self.socket.getsockname()
        self.world = world
        self.stopping = threading.Event()
        self.postman = Postman(world)
        self.application = Application(world, self.postman, self.stopping)
        self.application.address = self.url
        self.control = Control(self.application)
        self.checkout = checkout.Door(self.application)
        self.customer_portal = Door(self.application)
        self.invoice_page = invoice_page.Door(self.application)
        self.home = Home(self.application, self.control)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox")
        self.connections: set[socket.socket] = set()
        self.connections_lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address of the server."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def answer(self, request: Request) -> Answer:
        """Route a request to the API, the control API or a page, and answer it."""
        if request.path.startswith(("/v1", "/v2")):
            return self.application.answer(request)
        if request.path.startswith("/__control/"):
            return self.control.answer(request)
        if request.path.startswith("/c/"):
            return self.checkout.answer(request)
        if request.path.startswith("/p/"):
            return self.customer_portal.answer(request)
        if request.path.startswith("/i/"):
            return self.invoice_page.answer(request)
        return self.home.answer(request)

    def service_actions(self) -> None:
        """Many times a second: process meter events whose time has come, also without a request."""
        if self.world.lock.acquire(blocking=False):
            try:
                for account in self.world.accounts.values():
                    for store in account.stores.values():
                        self.application.catch_up(store)
            finally:
                self.world.lock.release()

    def start(self) -> None:
        """Serve and deliver on threads of their own until `close`."""
        self.postman.start()
        self.thread.start()

    def close(self) -> None:
        """Shut down: no new requests, deliveries finished, connections cut, threads joined."""
        self.stopping.set()
        self.shutdown()
        self.thread.join()
        self.postman.stop()
        with self.connections_lock:
            for connection in self.connections:
                cut(connection)
        self.server_close()


class Connection(BaseHTTPRequestHandler):
    """One client's connection, kept open between requests."""

    server: Sandbox
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        super().setup()
        with self.server.connections_lock:
            self.server.connections.add(self.connection)

    def finish(self) -> None:
        with self.server.connections_lock:
            self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        """Serve until either side hangs up."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def respond(self) -> None:
        """Read one request, get its answer, and send the answer or cut the connection."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            refused = invalid("Request body too large")
            self.send(Answer(413, json.dumps(refused.body(None))))
            return
        parts = urlsplit(self.path)
        body = self.rfile.read(length).decode("utf-8", errors="replace")
        headers = {name.lower(): value for name, value in self.headers.items()}
        address = str(self.client_address[0])
        answer = self.server.answer(Request(self.command, parts.path, parts.query, headers, body, address))
        if answer.pause:
            self.server.stopping.wait(answer.pause)
        if answer.drop:
            self.close_connection = True
            cut(self.connection)
            return
        self.send(answer)

    do_GET = do_POST = do_DELETE = respond

    def send(self, answer: Answer) -> None:
        """Write the whole answer at once."""
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` of an answer, skewed on command."""
        moment = clock.precise() if timestamp is None else timestamp
        return super().date_time_string(moment + self.server.application.date_skew)

    def version_string(self) -> str:
        return "nginx"

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the sandbox has its own list of requests."""


def cut(connection: socket.socket) -> None:
    """Break off a connection that a thread may be reading from."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already
