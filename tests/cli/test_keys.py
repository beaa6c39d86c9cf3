"""Secret keys that cannot be read, or that open nothing: one clear line, and a way on without what they sealed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from billingportal.app import create_app
from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.connection import stored_secrets
from billingportal.models import AuditEntry, MailSettings, ProcessorAccount, WebhookEndpoint
from billingportal.runtime.ports import answers, free_port
from billingportal.vault import Vault
from tests.support.database import SqliteDatabases
from tests.support.limits import bound_portal
from tests.support.program import COMMAND, Program, portal, wait_until

KEY = "the key that sealed everything and was lost"
OTHER_KEY = "another key that opens nothing that is there"
REMEDY = "Restore the key file, or start with --forget-secrets (`run` and `serve` take it)"
PASTE = (
    "Forgotten, since no key opens it. Paste again: the secret key of Harbor Dental (test) on SaaS > Payment Processor;"
    " the password of post at mail.example.com on Settings > Mail. Everybody signs in anew, and billing links that "
    "were handed out no longer work.\n"
)


def make_key_file(data: Path, content: bytes | None) -> None:
    """A key file with that content, or a folder in its place."""
    path = data / "secret_key"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "it is a folder or a device, not a file"),
        (bytes(range(128, 192)), "it holds bytes that are no text"),
        (b"\0" * 64, "it holds bytes that are no text"),
        (b"", "expected keys of 32 characters or more, with commas between"),
    ],
)
def test_a_key_file_that_holds_no_keys(tmp_path: Path, content: bytes | None, expected: str) -> None:
    make_key_file(tmp_path, content)
    result = portal("doctor" if content is None else "serve", settings={"PORTAL_DATA_DIR": str(tmp_path)})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"billingportal: the key file {tmp_path}/secret_key: {expected}\n"


def test_a_key_file_that_this_user_may_not_read(tmp_path: Path) -> None:
    make_key_file(tmp_path, KEY.encode())
    (tmp_path / "secret_key").chmod(0)
    result = bound_portal("worker", settings={"PORTAL_DATA_DIR": str(tmp_path)})
    assert (result.returncode, result.stdout) == (2, "")
    said = f"billingportal: the key file {tmp_path}/secret_key: it cannot be read or made (Permission denied)\n"
    assert result.stderr == said


def test_a_key_file_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret_key").symlink_to(tmp_path / "not-mounted")
    result = portal("tick", settings={"PORTAL_DATA_DIR": str(tmp_path)})
    assert result.returncode == 2
    assert result.stderr.endswith("it cannot be read or made (No such file or directory)\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"PORTAL_DATA_DIR": "file"}, "PORTAL_DATA_DIR: {folder}/file is a file, not a folder"),
        ({"PORTAL_DATA_DIR": "~nobody-of-that-name/x"}, "PORTAL_DATA_DIR: ~nobody-of-that-name/x leads nowhere"),
        ({"PORTAL_SECRET_KEYS": os.fsdecode(b"\xff" * 40)}, "PORTAL_SECRET_KEYS: it holds bytes that are no text"),
        ({"PORTAL_DATABASE_URL": "postgresql://h:port/x"}, "PORTAL_DATABASE_URL: expected sqlite:///FILE"),
        ({"PORTAL_DATABASE_URL": "sqlite:///"}, "PORTAL_DATABASE_URL: expected sqlite:///FILE"),
        ({"PORTAL_PUBLIC_URL": "https://[::1"}, "PORTAL_PUBLIC_URL: expected an address such as"),
    ],
)
def test_other_settings_that_cannot_be_read(tmp_path: Path, settings: dict[str, str], expected: str) -> None:
    (tmp_path / "file").touch()
    result = portal("tick", settings={"PORTAL_DATA_DIR": "data", **settings}, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"billingportal: {expected.format(folder=tmp_path)}")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.glob("data/*"))


@pytest.fixture
def sealed(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Path]:
    """A data folder whose database holds a Stripe key, two signing secrets and a password, and no key file."""
    vault = Vault((KEY,))
    endpoint = WebhookEndpoint(
        token="t", state="registered", secret_sealed=vault.seal("whsec_1"), previous_secret_sealed=vault.seal("whsec_0")
    )
    account = ProcessorAccount(mode="test", state="connected", name="Harbor Dental", key_sealed=vault.seal("sk_test_1"))
    account.endpoint = endpoint
    mail = MailSettings(
        id=1, host="mail.example.com", port=465, security="tls", username="post", sender="post@example.com"
    )
    mail.password_sealed, mail.updated_at = vault.seal("password"), now()
    with sqlite_databases.fresh(tmp_path) as url:
        app = create_app(Settings(data_dir=tmp_path, database_url=url, secret_keys=(KEY,)))
        with app.app_context(), transaction() as session:
            session.add_all([account, mail])
        with app.app_context():
            db.engine.dispose()
        yield tmp_path


@pytest.mark.parametrize("command", ["worker", "serve", "run", "setup-link", "db upgrade"])
def test_without_the_key_file_of_sealed_secrets_nothing_starts(sealed: Path, command: str) -> None:
    port = ["--port", str(free_port(0))] if command in ("serve", "run") else []
    result = portal(*command.split(), *port, settings={"PORTAL_DATA_DIR": str(sealed)})
    assert (result.returncode, result.stdout) == (2, "")
    path = sealed / "secret_key"
    said = f"billingportal: the key file {path}: it is missing, but the database holds 4 sealed secrets. {REMEDY}\n"
    assert result.stderr == said
    assert not path.exists()


def test_the_doctor_tells_that_the_key_file_is_missing_and_makes_none(sealed: Path) -> None:
    result = portal("doctor", settings={"PORTAL_DATA_DIR": str(sealed)})
    assert result.returncode == 1
    assert "fail  4 of 4 stored secrets cannot be opened" in result.stdout
    assert f"fail  the key file {sealed}/secret_key: it is missing, but" in result.stdout
    assert not (sealed / "secret_key").exists()


def test_keys_of_the_environment_that_open_nothing(sealed: Path) -> None:
    result = portal("tick", settings={"PORTAL_DATA_DIR": str(sealed), "PORTAL_SECRET_KEYS": OTHER_KEY})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "billingportal: PORTAL_SECRET_KEYS: no key there opens any of the 4 sealed secrets. Restore the key that does, "
    )


def test_with_the_right_keys_it_starts(sealed: Path) -> None:
    settings = {"PORTAL_DATA_DIR": str(sealed), "PORTAL_SECRET_KEYS": f"{OTHER_KEY},{KEY}"}
    assert portal("setup-link", settings=settings).returncode == 0


@pytest.mark.parametrize("command", ["serve", "run"])
def test_secrets_can_be_forgotten_and_it_goes_on_with_a_new_key(sealed: Path, command: str) -> None:
    port = free_port(0)
    settings = {"PORTAL_DATA_DIR": str(sealed)}
    started = [str(COMMAND), command, "--forget-secrets", "--port", str(port)]
    with Program(started, sealed / "output", settings) as running:
        wait_until(lambda: answers("127.0.0.1", port, "/healthz"), "the portal answers")
        assert running.end() == 0
    assert PASTE in running.printed
    assert "Traceback" not in running.printed
    assert portal("setup-link", settings=settings).returncode == 0
    app = create_app(Settings.from_env(settings))
    with app.app_context():
        session = db.session()
        account = session.scalars(select(ProcessorAccount)).one()
        assert (account.state, account.key_state, account.key_sealed) == ("connected", "unreadable", None)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "stored_secrets.dropped")).one()
        assert (entry.actor, entry.summary) == ("command", "Dropped 4 stored secrets that no secret key opened")
        assert stored_secrets.count(session.connection(), Vault((KEY,))).total == 0
        db.session.remove()
        db.engine.dispose()
