"""Checks files, database and keys before a command runs. A failed check ends the start with a one-line message."""

from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from billingportal import key_file, private_files
from billingportal.app import ROOT, create_app
from billingportal.config import KEY_FILE, Settings
from billingportal.database.limits import Work
from billingportal.db import db, transaction
from billingportal.domain.connection import stored_secrets
from billingportal.domain.health import database_errors, revisions
from billingportal.domain.health.doctor import Finding
from billingportal.errors import PortalError, WrongSetting
from billingportal.portal import Portal, current_portal
from billingportal.runtime.logs import start_logging
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.web.common.input.url_parameters import secret_paths

FORGET = "or start with --forget-secrets (`run` and `serve` take it)"


class CannotStart(PortalError):
    """The portal would do harm, or could not work, with this database. The message says what to do."""


def open_app(
    settings: Settings,
    *,
    open_gateway: OpenGateway | None = None,
    forgets_secrets: bool = False,
    work: Work = "web",
) -> Flask:
    """The application, with its files made private and its database checked. Raises CannotStart or WrongSetting.

    With `forgets_secrets` it starts even if no key opens the stored secrets; call `forget_secrets` then.
    """
    app = create_app(settings, open_gateway=open_gateway, work=work)
    start_logging(settings.log_format, secret_paths(app.url_map))
    examine_start(app, settings, forgets_secrets=forgets_secrets)
    return app


def examine_start(app: Flask, settings: Settings, *, forgets_secrets: bool) -> None:
    """Make the files private, and refuse a database that does not fit. Raises CannotStart or WrongSetting."""
    with app.app_context():
        examine_files(settings, sqlite_file())
        try:
            with db.engine.connect() as connection:
                refuse_unknown_revision(connection)
                if not forgets_secrets:
                    refuse_lost_keys(connection, current_portal())
        except OperationalError as error:
            # The site says so, and answers as soon as the database does. But a new key may be the wrong one.
            if settings.has_new_key:
                withdraw_new_key(settings)
            if settings.has_new_key or not database_errors.may_pass(error):
                raise
        finally:
            # A connection must not be shared with the processes that are forked from this one.
            db.engine.dispose()


def sqlite_file() -> Path | None:
    """The path of the database file, or None when the database is not SQLite."""
    url = db.engine.url
    return Path(url.database) if db.engine.dialect.name == "sqlite" and url.database else None


def examine_files(settings: Settings, database: Path | None) -> None:
    """Make our files private. Raises CannotStart for a file that we cannot write."""
    files = private_files.of_sqlite(database) if database else []
    private_files.close_to_others([*files, settings.data_dir / KEY_FILE])
    for path in [database.parent, *files] if database and database.parent.exists() else []:
        if not private_files.is_writable(path):
            raise CannotStart(
                f"{path} is read-only for this user, so nothing could be stored. Make it writable, or start the portal "
                "as the user whose it is."
            )


def refuse_unknown_revision(connection: Connection) -> None:
    unknown = revisions.unknown(connection, ROOT / "migrations")
    if unknown:
        at = ", ".join(sorted(unknown))
        raise CannotStart(f"the database is at revision {at}: {revisions.NEWER}. {revisions.START_NEWER}")


def refuse_lost_keys(connection: Connection, portal: Portal) -> None:
    """Raises WrongSetting when no key opens the stored secrets: Stripe and the mail server could not be reached."""
    settings, count = portal.settings, stored_secrets.count(connection, portal.vault)
    if not count.are_all_lost:
        return
    source = key_file.named(settings.data_dir / KEY_FILE) if settings.uses_key_file else "PORTAL_SECRET_KEYS"
    if settings.has_new_key:
        withdraw_new_key(settings)
        found = f"it is missing, but the database holds {count.total} sealed secrets. Restore the key file"
    else:
        found = f"no key there opens any of the {count.total} sealed secrets. Restore the key that does"
    raise WrongSetting(source, f"{found}, {FORGET}")


def withdraw_new_key(settings: Settings) -> None:
    """Delete the new key file, so that nobody takes it for the one to restore."""
    (settings.data_dir / KEY_FILE).unlink(missing_ok=True)


def examine_new_key(session: Session, portal: Portal) -> Iterator[Finding]:
    """The doctor's check for a lost key file. Where secrets need the old one, it deletes the newly made one."""
    if not portal.settings.has_new_key:
        return
    try:
        refuse_lost_keys(session.connection(), portal)
    except WrongSetting as problem:
        yield Finding("fail", str(problem))


def forget_secrets(app: Flask) -> str:
    """Delete the stored secrets that no key opens; the message for the operator."""
    with app.app_context():
        with transaction() as session:
            to_paste = stored_secrets.drop_lost(session, current_portal().vault)
        db.session.remove()
        db.engine.dispose()
    if not to_paste:
        return "Nothing was forgotten: the keys open all stored secrets that have to be pasted."
    return (
        f"Forgotten, since no key opens it. Paste again: {'; '.join(to_paste)}. "
        "Everybody signs in anew, and billing links that were handed out no longer work."
    )
