"""Findings about this machine's clock, certificate, backups, and the API keys of the host platform."""

import os
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.models import ApiKey
from billingportal.portal import attach
from tests.domain.health.provoked.row import Provoked
from tests.support.certificates import certificate
from tests.support.health.checks import check_account, connect
from tests.support.stripe.worlds import World

Patch = pytest.MonkeyPatch


def skew_stripe(world: World, _: Patch) -> None:
    """Stripe is behind by a minute, so this machine is ahead."""
    world.sandbox.control("date", seconds=-60)
    check_account(world)


def set_clock_right(world: World, _: Patch) -> None:
    world.sandbox.control("date", seconds=0)
    check_account(world)


def folder(world: World) -> Path:
    return world.portal.settings.data_dir / "backups"


def back_up(world: World) -> None:
    folder(world).mkdir()
    (folder(world) / "today.sqlite3").touch()


def let_backups_age(world: World, _: Patch) -> None:
    old = (now() - timedelta(days=3)).timestamp()
    os.utime(folder(world) / "today.sqlite3", (old, old))


def back_up_again(world: World, _: Patch) -> None:
    (folder(world) / "tomorrow.sqlite3").touch()


def remove_backups(world: World, _: Patch) -> None:
    (folder(world) / "today.sqlite3").unlink()


def add_key(_: World) -> None:
    with transaction() as session:
        session.add(
            ApiKey(
                mode="test",
                name="Chat platform",
                key_hash="hash",
                beginning="bp_test_",
                ending="abcd",
                scope_words="usage",
                created_at=now(),
            )
        )


def near_its_end(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(ApiKey).values(expires_at=now() + timedelta(days=2)))


def replace_key(_: World, __: Patch) -> None:
    with transaction() as session:
        session.execute(update(ApiKey).values(revoked_at=now()))


def reach_at(world: World, url: str) -> None:
    """People reach the portal at this address from now on."""
    portal = world.portal
    attach(world.app, replace(portal, settings=replace(portal.settings, public_url=url)))


def serve_certificate(days: int, connections: int, world: World, patch: Patch) -> None:
    """Answer at a new address with a certificate that ends in so many days; this machine trusts it."""
    made = certificate(world.portal.settings.data_dir, days=days)
    patch.setenv("SSL_CERT_FILE", str(made.file))
    listening = socket.create_server(("127.0.0.1", 0))
    reach_at(world, f"https://localhost:{listening.getsockname()[1]}")

    def answer() -> None:
        with listening:
            for _ in range(connections):
                accepted, _ = listening.accept()
                with made.server.wrap_socket(accepted, server_side=True):
                    pass

    threading.Thread(target=answer, daemon=True).start()


def close_the_door(world: World, _: Patch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        reach_at(world, f"https://localhost:{listening.getsockname()[1]}")


ROWS = (
    Provoked("clock.skew", skew_stripe, "seconds ahead", "in the wrong order", set_clock_right, connect),
    Provoked("backup.old", let_backups_age, "The last backup is 3 days old", "would be lost", back_up_again, back_up),
    Provoked("backup.unknown", remove_backups, "knows of no backup", "younger than a day", back_up_again, back_up),
    Provoked(
        "api_key.expires", near_its_end, "The API key “Chat platform” ends on", "not billed", replace_key, add_key
    ),
    Provoked(
        "certificate.expires",
        partial(serve_certificate, 3, 2),
        "The certificate of localhost ends on",
        "Renew it",
        partial(serve_certificate, 90, 1),
    ),
    Provoked(
        "certificate.unreadable",
        close_the_door,
        "can’t be read from here",
        "Connection refused",
        partial(serve_certificate, 90, 1),
    ),
)
