"""Runs the whole portal in one terminal: web server, background worker and, for a trial, the sandbox."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from socket import socket

import click
import flask_migrate
from flask import Flask

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db
from billingportal.domain.auth import setup
from billingportal.runtime import ports, web_server, worker
from billingportal.runtime.logs import start_logging
from billingportal.runtime.processes import Parts
from billingportal.runtime.setup_address import new_setup_address
from billingportal.runtime.startup import examine_start, forget_secrets, open_app
from billingportal.stripe_gateway.client import gateway_opener
from billingportal.stripe_gateway.limits import BACKGROUND
from billingportal.web.common.input.url_parameters import secret_paths

SANDBOX_PORT = 12111


def run(settings: Settings, host: str, port: int, *, with_sandbox: bool, forgets_secrets: bool = False) -> int:
    """Migrate, start all processes, print the address, and run until a signal or a failure. The exit status.

    Raises CannotListen when the port is taken, and SystemExit when the start fails or is ended by a signal.
    """
    with ports.listen_or_refuse(host, port) as listening, Parts() as parts:
        settings = replace(settings, public_url=settings.public_url or f"http://{ports.in_address(host)}:{port}")
        if with_sandbox:
            settings = start_sandbox(parts, settings)
        app = create_app(settings)
        start_logging(settings.log_format, secret_paths(app.url_map))
        parts.complete("migration", lambda: prepare_database(app, settings, forgets_secrets=forgets_secrets))
        start_servers(parts, app, settings, listening)
        parts.wait_until("web server", lambda: ports.answers(host, port, "/healthz"))
        parts.complete("set-up link", lambda: welcome(app, settings))
        return parts.run_until_end()


def start_sandbox(parts: Parts, settings: Settings) -> Settings:
    """Start the sandbox, which prints its keys; the settings that connect the portal to it.

    It is not restarted when it dies: it loses its changes since it last saved, and our rows would be ahead of it.
    """
    with ports.listen_near(SANDBOX_PORT) as listening:
        listening.set_inheritable(True)
        port, handed_over, state = listening.getsockname()[1], str(listening.fileno()), str(sandbox_state(settings))
        parts.start("sandbox", lambda: become_sandbox(["--listening", handed_over, "--state", state]))
    parts.wait_until("sandbox", lambda: ports.answers("127.0.0.1", port, "/"))
    return replace(settings, stripe_api_base=f"http://127.0.0.1:{port}")


def start_servers(parts: Parts, app: Flask, settings: Settings, listening: socket) -> None:
    """Start web server and worker. The socket stays open here, so that requests wait while the web server restarts."""

    def serve() -> None:
        web_server.serve(app, f"fd://{listening.fileno()}", settings.log_format)

    def work() -> None:
        listening.close()
        worker.work(worker_app(settings))

    parts.start("web server", serve, starts_again=True)
    parts.start("worker", work, starts_again=True)


def sandbox_state(settings: Settings) -> Path:
    """The file that stores the sandbox's state between two runs."""
    return settings.data_dir / "sandbox.json"


def become_sandbox(arguments: list[str]) -> None:
    """Replace this process by the sandbox program."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "billingportal.sandbox", *arguments])  # noqa: S606


def prepare_database(app: Flask, settings: Settings, *, forgets_secrets: bool) -> None:
    """Examine the database and migrate it, in a process of its own: a signal ends it whatever the database does.

    Raises CannotStart or WrongSetting.
    """
    examine_start(app, settings, forgets_secrets=forgets_secrets)
    with app.app_context():
        flask_migrate.upgrade()
    if forgets_secrets:
        click.echo(forget_secrets(app), err=True)


def welcome(app: Flask, settings: Settings) -> None:
    """Print the portal's address and, while it has no owner, the set-up link."""
    address = settings.public_url or ""
    with app.app_context():
        lines = [f"Billing Portal at {address}"]
        if setup.needs_owner(db.session()):
            lines.append(f"Set it up (this link works once, for 24 hours): {new_setup_address(address)}")
        lines.append("Ctrl-C ends it.")
    click.echo("\n".join(lines))


def worker_app(settings: Settings) -> Flask:
    """The worker's application, with rate-limited calls to Stripe. Raises CannotStart or WrongSetting."""
    opener = gateway_opener(settings.stripe_api_base, calls_per_second=worker.CALLS_PER_SECOND, limits=BACKGROUND)
    return open_app(settings, open_gateway=opener, work="job")
