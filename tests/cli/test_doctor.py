"""`billingportal doctor` in front of good and broken installations."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.script import ScriptDirectory
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.app import ROOT, create_app
from billingportal.cli import doctor
from billingportal.config import KEY_FILE, Settings
from billingportal.db import db, transaction
from billingportal.domain.connection import credentials
from billingportal.models import JobRun, ProcessorAccount, WebhookEndpoint
from billingportal.portal import current_portal
from tests.support.health.checks import all_agree
from tests.support.stripe.portals import new_account, with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

OTHER_SECRET_KEY = "another secret key that only this test knows, long enough"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def stripe_account(sandbox: Sandbox) -> SandboxAccount:
    return new_account(sandbox)


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    settings.data_dir.chmod(0o700)
    key_file = settings.data_dir / KEY_FILE
    key_file.write_text("\n".join(settings.secret_keys))
    key_file.chmod(0o600)
    return with_sandbox(settings, sandbox)


def connect(app: Flask, key: str) -> None:
    """Connect the account and let the worker do what follows."""
    with app.app_context():
        portal = current_portal()
        credentials.connect(transaction, portal.open_gateway, portal.vault, key, staff_id=None)
    work(app)


def examine(app: Flask) -> Result:
    return app.test_cli_runner().invoke(doctor)


def examine_with(settings: Settings) -> Result:
    """What a portal that is started with other settings finds."""
    app = create_app(settings)
    try:
        return examine(app)
    finally:
        with app.app_context():
            db.engine.dispose()


def test_a_portal_in_order_has_nothing_that_fails(app: Flask, stripe_account: SandboxAccount) -> None:
    connect(app, stripe_account.test_key)
    result = examine(app)
    assert result.exit_code == 0, result.output
    assert "fail" not in result.output
    assert "ok    The database is at the newest revision\n" in result.output
    assert "ok    All 3 stored secrets can be opened\n" in result.output
    assert "ok    Harbor Dental (test): Stripe answers\n" in result.output
    assert "ok    Harbor Dental (test): Webhook: registered for http://127.0.0.1:9/webhooks/stripe/" in result.output
    assert (
        "ok    Harbor Dental (test): Usage errors: registered for http://127.0.0.1:9/webhooks/stripe/reports/"
        in result.output
    )
    assert f"warn  Stripe is a stand-in at {app_api_base(app)}  ->  Unset PORTAL_STRIPE_API_BASE.\n" in result.output
    assert stripe_account.test_key not in result.output


def app_api_base(app: Flask) -> str | None:
    with app.app_context():
        return current_portal().settings.stripe_api_base


def test_a_portal_without_an_account_says_where_to_connect_one(app: Flask) -> None:
    result = examine(app)
    assert result.exit_code == 0
    assert "warn  No Stripe account is connected  ->  Open SaaS > Payment Processor" in result.output


@pytest.mark.parametrize(("name", "mode", "wanted"), [(".", 0o755, "chmod 700"), (KEY_FILE, 0o640, "chmod 600")])
def test_files_that_are_open_to_others_fail(app: Flask, settings: Settings, name: str, mode: int, wanted: str) -> None:
    (settings.data_dir / name).chmod(mode)
    result = examine(app)
    assert result.exit_code == 1
    assert f"is open to others (mode {mode:o})  ->  {wanted} " in result.output


def test_a_revoked_key_fails_with_what_to_do(app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount) -> None:
    connect(app, stripe_account.live_key)
    sandbox.control("keys/revoke", key=stripe_account.live_key)
    result = examine(app)
    assert result.exit_code == 1
    assert "fail  Harbor Dental (live): " in result.output
    assert "->  Open SaaS > Payment Processor and paste a working key." in result.output
    assert stripe_account.live_key not in result.output


def test_secrets_that_no_key_opens_fail_and_another_key_beside_the_old_one_is_fine(
    app: Flask, settings: Settings, stripe_account: SandboxAccount
) -> None:
    connect(app, stripe_account.test_key)
    rotated = examine_with(replace(settings, secret_keys=(OTHER_SECRET_KEY, *settings.secret_keys)))
    assert rotated.exit_code == 0, rotated.output
    lost = examine_with(replace(settings, secret_keys=(OTHER_SECRET_KEY,)))
    assert lost.exit_code == 1
    assert "fail  3 of 3 stored secrets cannot be opened" in lost.output
    assert "fail  Harbor Dental (test): the stored key cannot be opened" in lost.output


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("waiting", "warn  Harbor Dental (test): Webhook: not tried yet"),
        ("unreachable", "warn  Harbor Dental (test): Webhook: Stripe cannot reach this portal"),
        ("refused", "fail  Harbor Dental (test): Webhook: refused"),
        ("full", "fail  Harbor Dental (test): Webhook: full"),
    ],
)
def test_the_state_of_the_webhook_is_told(
    app: Flask, stripe_account: SandboxAccount, state: str, expected: str
) -> None:
    connect(app, stripe_account.test_key)
    with app.app_context(), transaction() as session:
        session.execute(text("UPDATE webhook_endpoint SET state = :state"), {"state": state})
    result = examine(app)
    assert expected in result.output
    assert result.exit_code == (1 if expected.startswith("fail") else 0)


def test_a_worker_that_does_not_run_is_noticed(app: Flask, stripe_account: SandboxAccount) -> None:
    connect(app, stripe_account.test_key)
    with app.app_context(), transaction() as session:
        long_ago = clock.now() - timedelta(hours=1)
        session.add(JobRun(name="send_mails", reported_at=long_ago, failures_in_a_row=0, last_error=""))
    result = examine(app)
    assert result.exit_code == 1
    assert "fail  The background worker has been silent since" in result.output
    assert "Start it: billingportal worker" in result.output


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_checks_of_the_health_page_are_run_and_told(app: Flask, stripe_account: SandboxAccount) -> None:
    connect(app, stripe_account.test_key)
    with app.app_context():
        all_agree()
    well = examine(app).output
    assert "ok    The secret key works and has all rights (test)\n" in well
    assert "ok    Everything agrees with Stripe as of" in well
    with app.app_context(), transaction() as session:
        account = session.scalars(select(ProcessorAccount)).one()
        account.key_state, account.key_problem = "rejected", "Stripe no longer knows the key."
    result = examine(app)
    assert result.exit_code == 1
    assert "fail  Stripe no longer accepts the secret key (test)  ->  Stripe no longer knows the key." in result.output
    assert "warn  Unknown: Webhook and event destination are registered" in result.output


# Only the file of SQLite is the test's own; the revision of PostgreSQL is needed by the next test.
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_database_behind_its_code_fails_and_the_rest_is_left_out(app: Flask, session: Session) -> None:
    with transaction() as writing:
        first = ScriptDirectory(str(ROOT / "migrations")).get_bases()[0]
        writing.execute(text("UPDATE alembic_version SET version_num = :first"), {"first": first})
    result = examine(app)
    assert result.exit_code == 1
    assert result.output.endswith("not the newest revision  ->  billingportal db upgrade\n")


def test_a_database_that_is_away_fails(settings: Settings) -> None:
    result = examine_with(replace(settings, database_url="postgresql+psycopg://nobody@127.0.0.1:9/nothing"))
    assert result.exit_code == 1
    assert "fail  The database does not answer: connection" in result.output


def test_looking_changes_nothing(app: Flask, stripe_account: SandboxAccount, session: Session) -> None:
    connect(app, stripe_account.test_key)
    session.rollback()
    before = [(row.next_check_at, row.checked_at) for row in session.scalars(select(ProcessorAccount))]
    registrations = session.scalars(select(WebhookEndpoint.registrations)).all()
    examine(app)
    session.rollback()
    assert [(row.next_check_at, row.checked_at) for row in session.scalars(select(ProcessorAccount))] == before
    assert session.scalars(select(WebhookEndpoint.registrations)).all() == registrations


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        (None, "warn  PORTAL_PUBLIC_URL is not set"),
        ("http://billing.example.com", "warn  http://billing.example.com is not encrypted"),
        ("https://billing.example.com", "warn  PORTAL_TRUSTED_PROXIES is 0 though the address is https"),
    ],
)
def test_settings_with_which_nobody_gets_far_are_warned_of(
    settings: Settings, public_url: str | None, expected: str
) -> None:
    assert expected in examine_with(replace(settings, public_url=public_url)).output
