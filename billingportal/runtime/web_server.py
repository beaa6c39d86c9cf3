"""The web server: gunicorn with threads, told everything here instead of in a file of its own."""

import socket
import time
from contextlib import suppress

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import TConn, ThreadWorker

from billingportal.config import LogFormat
from billingportal.runtime.logs import REQUEST_LINE, log_config
from billingportal.runtime.process import end_with_parent
from billingportal.web.common.input.url_parameters import secret_paths

WORKERS = 2
THREADS = 8
# Seconds. Requests under way may finish when the server is told to end.
GRACE = 5
# Longer than the 60 seconds of the usual proxies, so that it is never us who closes a connection first.
KEEP_ALIVE = 75
# Bytes of a body that are read and thrown away where the view did not read it. More than the proxies of deploy/ let
# through: one that is cut off while it sends does not pass our answer on, but says "bad gateway".
READ_UNASKED = 6 * 1024 * 1024
# Seconds within which a request has to have come whole. Proxies that wait for whole requests send them at once.
READING = 10


class WebServer(BaseApplication):
    """Serves one application. It is made before the workers are, which then share its memory."""

    def __init__(self, app: Flask, options: dict[str, object]) -> None:
        self.app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override]  # the stubs want less of start_response than WSGI gives
        return self.app


class PortalWorker(ThreadWorker):
    """gunicorn's own would wait for ever, with one of its few threads, for a visitor who stops amid a request."""

    deadlines: dict[TConn, float]

    def init_process(self) -> None:
        """Be the worker, in its process, until the end."""
        self.deadlines = {}
        super().init_process()

    def handle(self, conn: TConn) -> bool:
        """Read a request and answer it, in a thread."""
        self.deadlines[conn] = time.monotonic() + READING
        try:
            return super().handle(conn)
        finally:
            del self.deadlines[conn]

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Answer a request; whether the connection is good for another one."""
        is_good = super().handle_request(req, conn)
        if isinstance(conn.parser, RequestParser):
            conn.parser.finish_body(deadline=time.monotonic() + READING, max_bytes=READ_UNASKED)
        return is_good

    def murder_pending(self) -> None:
        """Close what waits for too long; the main loop does so every second.

        A visitor who is read from too long is read from no more. To a request that has come whole this does nothing:
        its answer is sent, however long it takes.
        """
        super().murder_pending()
        for conn, deadline in self.deadlines.copy().items():
            if deadline < time.monotonic():
                with suppress(OSError):  # it has ended meanwhile
                    conn.sock.shutdown(socket.SHUT_RD)


def end_with_server(_: Arbiter, worker: Worker) -> None:
    """gunicorn's workers look once a second whether their server is there, and not at all while they are busy."""
    end_with_parent(worker.ppid)


def options(address: str, workers: int, threads: int, logging: dict[str, object]) -> dict[str, object]:
    """gunicorn's settings. Only PORTAL_TRUSTED_PROXIES says whose forwarding headers count, so gunicorn trusts none."""
    return {
        "bind": address,
        "worker_class": PortalWorker,
        "workers": workers,
        "threads": threads,
        "preload_app": True,
        "graceful_timeout": GRACE,
        "keepalive": KEEP_ALIVE,
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "pre_request": announce_close,
        "proc_name": "billingportal",
        "post_fork": end_with_server,
        "access_log_format": REQUEST_LINE,
        "logconfig_dict": logging,
    }


def announce_close(worker: Worker, request: Request) -> None:
    """Say in the answer that the connection ends where gunicorn may end it: after a body too long to be thrown away.

    Otherwise a proxy that keeps its connections would send the next request on one that is about to close.
    """
    lengths = [value for name, value in request.headers if name == "CONTENT-LENGTH"]
    is_chunked = any(name == "TRANSFER-ENCODING" for name, _ in request.headers)
    if is_chunked or any(int(length) >= READ_UNASKED for length in lengths):
        request.force_close()


def serve(app: Flask, address: str, log_format: LogFormat, *, workers: int = WORKERS, threads: int = THREADS) -> None:
    """Serve until SIGTERM or SIGINT, then end the process. `address`: HOST:PORT, or fd://N of a listening socket."""
    logging = log_config(log_format, secret_paths(app.url_map))
    WebServer(app, options(address, workers, threads, logging)).run()
