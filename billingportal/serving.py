"""The web server: gunicorn with threads, told everything here instead of in a file of its own."""

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from billingportal.config import LogFormat
from billingportal.logs import REQUEST_LINE, log_config
from billingportal.part import end_with_parent
from billingportal.web.url_parameters import secret_paths

WORKERS = 2
THREADS = 8
# Seconds. Requests under way may finish when the server is told to end.
GRACE = 5
# Longer than the 60 seconds of the usual proxies, so that it is never us who closes a connection first.
KEEP_ALIVE = 75


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


def end_with_server(_: Arbiter, worker: Worker) -> None:
    """gunicorn's workers look once a second whether their server is there, and not at all while they are busy."""
    end_with_parent(worker.ppid)


def options(address: str, workers: int, threads: int, logging: dict[str, object]) -> dict[str, object]:
    """gunicorn's settings. Only PORTAL_TRUSTED_PROXIES says whose forwarding headers count, so gunicorn trusts none."""
    return {
        "bind": address,
        "worker_class": "gthread",
        "workers": workers,
        "threads": threads,
        "preload_app": True,
        "graceful_timeout": GRACE,
        "keepalive": KEEP_ALIVE,
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "proc_name": "billingportal",
        "post_fork": end_with_server,
        "access_log_format": REQUEST_LINE,
        "logconfig_dict": logging,
    }


def serve(app: Flask, address: str, log_format: LogFormat, *, workers: int = WORKERS, threads: int = THREADS) -> None:
    """Serve until SIGTERM or SIGINT, then end the process. `address`: HOST:PORT, or fd://N of a listening socket."""
    logging = log_config(log_format, secret_paths(app.url_map))
    WebServer(app, options(address, workers, threads, logging)).run()
