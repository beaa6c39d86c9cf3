"""Checks an installation's settings, files and database. Changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from billingportal import private_files
from billingportal.config import KEY_FILE, Settings, is_loopback
from billingportal.domain.health import database_errors, revisions

FindingState = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of the examination: the result, and advice where something is to be done."""

    state: FindingState
    what: str
    advice: str = ""


def examine_settings(settings: Settings) -> Iterator[Finding]:
    """Whether people and Stripe can reach the portal with these settings."""
    url = settings.public_url
    if url is None:
        yield Finding("warn", "PORTAL_PUBLIC_URL is not set", "Set it to the https address at which people reach it.")
    elif url.startswith("http://") and not is_loopback(url):
        yield Finding("warn", f"{url} is not encrypted", "Put a proxy with https in front; see the README.")
    else:
        yield Finding("ok", f"People reach the portal at {url}")
    if url is not None and url.startswith("https://") and settings.trusted_proxies == 0:
        yield Finding(
            "warn",
            "PORTAL_TRUSTED_PROXIES is 0 though the address is https",
            "Set it to the number of proxies in front, else every visitor has the proxy's address.",
        )
    if settings.stripe_api_base is not None:
        yield Finding("warn", f"Stripe is a stand-in at {settings.stripe_api_base}", "Unset PORTAL_STRIPE_API_BASE.")


def examine_files(settings: Settings, database: Path | None, *, keys_from_environment: bool) -> Iterator[Finding]:
    """Whether the data folder, the key file and the files of SQLite are private to their owner."""
    yield examine_mode(settings.data_dir, "data folder", "700")
    if keys_from_environment:
        yield Finding("ok", "The secret keys come from PORTAL_SECRET_KEYS")
    elif settings.has_new_key:
        yield Finding("warn", f"There was no key file {settings.data_dir / KEY_FILE}; a new one was made")
    else:
        yield examine_mode(settings.data_dir / KEY_FILE, "key file", "600")
    for path in private_files.of_sqlite(database) if database else []:
        yield examine_mode(path, "database file", "600")
        if not private_files.is_writable(path):
            yield Finding("fail", f"The database file {path} is read-only for this user", f"chmod 600 {path}")


def examine_mode(path: Path, name: str, wanted: str) -> Finding:
    mode = path.stat().st_mode & 0o777
    if private_files.is_open_to_others(path):
        return Finding("fail", f"The {name} {path} is open to others (mode {mode:o})", f"chmod {wanted} {path}")
    return Finding("ok", f"The {name} {path} is private (mode {mode:o})")


def examine_database(session: Session, migrations: Path) -> Iterator[Finding]:
    """Whether the database answers and has the tables that this version of the portal needs."""
    try:
        session.execute(text("SELECT 1"))
        current = revisions.current(session.connection())
        unknown = revisions.unknown(session.connection(), migrations)
    except DBAPIError as problem:
        words = database_errors.words_of(problem)
        yield Finding("fail", f"The database does not answer: {words}", "Start it, or correct PORTAL_DATABASE_URL.")
        return
    yield Finding("ok", f"The database answers ({session.get_bind().dialect.name})")
    if current == revisions.newest(migrations):
        yield Finding("ok", "The database is at the newest revision")
    elif unknown:
        at = ", ".join(sorted(unknown))
        yield Finding("fail", f"The database is at revision {at}: {revisions.NEWER}", revisions.START_NEWER)
    else:
        at = ", ".join(sorted(current)) or "no revision at all"
        yield Finding("fail", f"The database is at {at}, not the newest revision", "billingportal db upgrade")
