"""The way from a host platform to the portal: open, slow, or one on which answers are lost."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

State = Literal["open", "slow", "losing", "cut"]


@dataclass
class Road:
    """`slow` waits before it passes a request on. `losing` passes it on, and drops the answer.

    `cut` calls `on_cut` as soon as the request is on its way, and nobody reads the answer.
    """

    portal: str
    state: State = "open"
    seconds: float = 0.6
    on_cut: Callable[[], None] = lambda: None
    address: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def road_to(portal: str) -> Iterator[Road]:
    """A proxy in front of a portal, until the block ends."""
    road = Road(portal)

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            state = road.state
            if state == "slow":
                road.ended.wait(road.seconds)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            portal = http.client.HTTPConnection(urlsplit(road.portal).netloc, timeout=60)
            try:
                portal.request(self.command, self.path, body or None, dict(self.headers))
                if state == "cut":
                    road.on_cut()
                    return
                answer = portal.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                return  # the connection ends without an answer
            finally:
                portal.close()
            if state != "losing":
                self.answer(answer, content)

        def answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
            try:
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                return  # the platform did not wait

        do_GET = do_POST = do_DELETE = pass_on

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    road.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield road
    finally:
        road.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
