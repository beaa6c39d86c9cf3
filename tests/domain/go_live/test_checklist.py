"""The checklist: every item by its facts, and nothing done that cannot be told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.config import KEY_FILE, Settings
from billingportal.db import transaction
from billingportal.domain.go_live.checklist import facts as asked_facts
from billingportal.domain.go_live.checklist.checklist import BY_KEY, DEFINITIONS, checklist
from billingportal.domain.go_live.checklist.findings import told
from billingportal.domain.go_live.checklist.item import Facts, Item
from billingportal.domain.go_live.checklist.machine_items import CERTIFICATE_KEYS
from billingportal.domain.go_live.checklist.stripe_items import DESTINATION_KEYS, WEBHOOK_KEYS
from billingportal.domain.health.findings.checks import CHECKS
from billingportal.domain.mail import settings as mail_settings
from billingportal.models import (
    ApiKey,
    Branding,
    HealthCheck,
    HealthFinding,
    JobRun,
    LiveFact,
    MailSettings,
    OutgoingEndpoint,
    PortalConfiguration,
    SellingSettings,
)
from billingportal.models.auth.staff import Staff
from billingportal.stripe_gateway.requests.go_live.account_readiness import AccountReadiness
from tests.support.catalog.plans import add_account

# What an item says does not depend on the database; the page's tests run them all.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
READY = AccountReadiness("Northwind", True, True, (), None)


def item(session: Session, settings: Settings, key: str) -> Item:
    session.rollback()
    return next(one for one in checklist(session, settings).items if one.definition.key == key)


def state(session: Session, settings: Settings, key: str) -> str:
    return item(session, settings, key).state


def finish_checks(keys: tuple[str, ...]) -> None:
    """Every check of these keys ended just now and found nothing."""
    moment = clock.now()
    with transaction() as session:
        for check in CHECKS:
            if set(check.keys) & set(keys):
                due_at = moment + timedelta(seconds=check.seconds)
                times = {"as_of": moment, "started_at": moment, "ended_at": moment, "due_at": due_at}
                session.merge(HealthCheck(name=check.name, state="finished", problem="", **times))


def test_an_empty_portal_has_nothing_done_that_needs_a_proof(session: Session, settings: Settings) -> None:
    found = checklist(session, settings)
    assert len(found.items) == len(DEFINITIONS) == len(BY_KEY)
    done = {one.definition.key for one in found.of("done")}
    assert done <= {"mail", "api_key", "outgoing", "key_file"}
    assert {"worker", "clock", "backup", "money", "key_copy"} <= {one.definition.key for one in found.of("unknown")}


def test_each_item_is_done_by_its_fact_and_by_nothing_else(session: Session, settings: Settings) -> None:
    with transaction() as writing:
        live = add_account(writing, "live")
        live_id = live.id
    moment = clock.now()
    made: dict[str, Callable[[Session], None]] = {
        "checkout": lambda writing: writing.add(SellingSettings(id=1, updated_at=moment)),
        "branding": lambda writing: writing.add(
            Branding(
                id=1, name="N", colour="#123456", terms_url="https://x", privacy_url="https://y", updated_at=moment
            )
        ),
        "customer_portal": lambda writing: writing.add(
            PortalConfiguration(
                processor_account_id=live_id, stripe_configuration_id="bpc_1", fingerprint="f", updated_at=moment
            )
        ),
        "worker": lambda writing: writing.add(JobRun(name="catch_up", reported_at=moment)),
    }
    for key, make in made.items():
        assert state(session, settings, key) != "done", key
        with transaction() as writing:
            make(writing)
        assert state(session, settings, key) == "done", key
    with transaction() as writing:
        writing.get_one(JobRun, "catch_up").reported_at = moment - timedelta(minutes=2)
    assert state(session, settings, "worker") == "todo"


def test_mail_is_tested_again_after_the_server_changed(session: Session, settings: Settings, owner: Staff) -> None:
    assert item(session, settings, "mail").outcome.words == "No mail server: clients get billing links only."
    with transaction() as writing:
        sent = {"host": "smtp.example.com", "port": 465, "security": "tls", "sender": "a@example.com"}
        writing.add(MailSettings(**sent, updated_at=clock.now()))
    assert state(session, settings, "mail") == "todo"
    with transaction() as writing:
        mail_settings.record_test(writing, "a@example.com", staff_id=owner.id)
    assert state(session, settings, "mail") == "done"
    with transaction() as writing:
        writing.get_one(MailSettings, 1).updated_at = clock.now() + timedelta(seconds=1)
    assert state(session, settings, "mail") == "todo"


def test_what_health_found_or_could_not_check_is_open(session: Session, settings: Settings) -> None:
    covered = next(check for check in CHECKS if check.mode is None and "worker.gone" not in check.keys)
    key = covered.keys[0]
    assert told(session, (key,)).state == "unknown"
    finish_checks((key,))
    session.rollback()
    assert told(session, (key,)).state == "clear"
    with transaction() as writing:
        writing.get_one(HealthCheck, covered.name).due_at = clock.now() - timedelta(hours=1)
    session.rollback()
    assert told(session, (key,)).state == "unknown"
    finish_checks((key,))
    with transaction() as writing:
        row = writing.get_one(HealthCheck, covered.name)
        row.state, row.problem = "unknown", "Stripe did not answer."
    session.rollback()
    assert (told(session, (key,)).state, told(session, (key,)).problem) == ("unknown", "Stripe did not answer.")
    finish_checks((key,))
    seen = {"first_seen_at": clock.now(), "last_seen_at": clock.now(), "seen_in_a_row": 1}
    with transaction() as writing:
        writing.add(HealthFinding(key=key, severity="money", title="Wrong.", meaning="", **seen))
    session.rollback()
    assert told(session, (key,)).state == "found"
    assert told(session, ("no.such.key",)).state == "unknown"


@pytest.mark.usefixtures("settings")
def test_a_check_covers_each_key_that_an_item_asks_for() -> None:
    covered = {key for check in CHECKS for key in check.keys}
    assert {*WEBHOOK_KEYS, *DESTINATION_KEYS, *CERTIFICATE_KEYS} <= covered


@pytest.mark.usefixtures("settings")
def test_what_was_repaired_holds_up_nobody() -> None:
    """Health goes on telling for half an hour that somebody had switched the webhook off."""
    assert not {"webhook.disabled", "webhook.moved", "webhook.events", "webhook.version"} & set(WEBHOOK_KEYS)


def test_an_outgoing_webhook_needs_its_test(session: Session, settings: Settings) -> None:
    assert state(session, settings, "outgoing") == "done"
    with transaction() as writing:
        writing.add(
            OutgoingEndpoint(mode="live", url="https://a.example", events=[], secret_end="1234", created_at=clock.now())
        )
    assert state(session, settings, "outgoing") == "todo"


def test_the_secret_key_file_is_private(session: Session, settings: Settings, tmp_path: Path) -> None:
    by_file = replace(settings, uses_key_file=True, data_dir=tmp_path)
    assert state(session, by_file, "key_file") == "todo"
    (tmp_path / KEY_FILE).write_text("x" * 40)
    (tmp_path / KEY_FILE).chmod(0o644)
    assert state(session, by_file, "key_file") == "todo"
    (tmp_path / KEY_FILE).chmod(0o600)
    assert state(session, by_file, "key_file") == "done"


def test_an_address_counts_once_stripe_reached_it(session: Session, settings: Settings) -> None:
    for url, expected in ((None, "todo"), ("http://a.example.com", "todo"), ("https://10.0.0.1", "todo")):
        assert state(session, replace(settings, public_url=url), "address") == expected
    assert state(session, replace(settings, public_url="https://a.example.com"), "address") == "unknown"


def test_a_live_key_counts_for_a_day(session: Session, settings: Settings) -> None:
    bills = Facts(session, settings, clock.now())
    assert BY_KEY["api_key"].check(bills).words == "No plan bills usage."
    with transaction() as writing:
        given = {"name": "App", "key_hash": "h", "beginning": "b", "ending": "e", "scope_words": "usage"}
        writing.add(ApiKey(mode="live", created_at=clock.now(), **given))
    assert state(session, settings, "api_key") == "done"


def test_what_stripe_said_of_the_account_stands_for_a_while(session: Session, settings: Settings) -> None:
    assert state(session, settings, "account") == "todo"
    with transaction() as writing:
        add_account(writing, "live")
    assert state(session, settings, "account") == "unknown"
    with transaction() as writing:
        writing.add(LiveFact(name="account", state="good", words="Northwind", checked_at=clock.now()))
    assert state(session, settings, "account") == "done"
    with transaction() as writing:
        writing.get_one(LiveFact, "account").checked_at -= timedelta(hours=1)
    assert state(session, settings, "account") == "unknown"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (READY, "good"),
        (replace(READY, is_charging=False), "bad"),
        (replace(READY, is_paying_out=False), "bad"),
        (replace(READY, due=("external_account",)), "bad"),
        (replace(READY, disabled_reason="requirements.past_due"), "bad"),
        (replace(READY, is_paying_out=None), "unknown"),
        (replace(READY, due=None), "unknown"),
    ],
)
@pytest.mark.usefixtures("databases")
def test_an_account_is_ready_when_stripe_says_so(found: AccountReadiness, expected: str) -> None:
    assert asked_facts.said_of(found)[0] == expected
