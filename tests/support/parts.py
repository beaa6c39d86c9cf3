"""Web server and worker as processes of their own, which can be killed."""

import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from flask import Flask

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import db, roll_back
from tests.support.program import COMMAND, environment

# Without a comma, which would part one key from the next in the environment.
SECRET_KEYS = ("a-key-that-only-these-tests-know-0123456789",)


class Part:
    """One part of the portal as processes of its own, which are all killed at once."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        self.command = [str(COMMAND), *arguments]
        self.environment = environment(
            {
                "PORTAL_DATABASE_URL": settings.database_url,
                "PORTAL_DATA_DIR": str(settings.data_dir),
                "PORTAL_SECRET_KEYS": ",".join(settings.secret_keys),
                "PORTAL_PUBLIC_URL": settings.public_url or "",
                "PORTAL_STRIPE_API_BASE": settings.stripe_api_base or "",
                "PORTAL_ALLOW_PRIVATE_WEBHOOKS": "yes" if settings.allows_private_webhooks else "",
            }
        )
        self.log = (settings.data_dir / f"{arguments[0]}.log").open("ab")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True
        )

    def kill(self) -> None:
        """As a power cut does: no goodbye."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.log.close()


@contextmanager
def portal_of(settings: Settings) -> Iterator[Flask]:
    """The same portal in this process, to look at its database."""
    app = create_app(settings)
    with app.app_context():
        yield app
        roll_back(db.session())  # its server may have been killed meanwhile
        db.session.remove()
        db.engine.dispose()


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
