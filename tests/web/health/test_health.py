"""SaaS > Health: the verdict, findings with one button each, and what was checked."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.models import AuditEntry, HealthCheck, HealthFinding, JobRun
from tests.support.health.checks import all_agree, check_account, connect, run_checks
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import new_account, with_sandbox
from tests.support.stripe.sandbox import Sandbox
from tests.support.stripe.worlds import World

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PAGE = "/saas/health"
GREEN = "Everything agrees with Stripe as of"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.fixture
def world(app: Flask, sandbox: Sandbox, session: Session) -> Iterator[World]:
    """Connected, and every check has agreed."""
    world = World(app, sandbox, new_account(sandbox))
    connect(world)
    all_agree()
    yield world
    sandbox.control("faults", verb="DELETE")


def add_finding(**more: object) -> int:
    moment = now()
    given = {"key": "disk.low", "severity": "soon", "title": "1 GB free", "meaning": "It will be full.", "subject": ""}
    action = {"label": "See this machine", "kind": "page", "name": "machine", "arguments": {}}
    times = {"first_seen_at": moment, "last_seen_at": moment, "raised_at": moment}
    row = HealthFinding(
        **{**given, **times, "action": action, "seen_in_a_row": 2, "times_raised": 1, "snooze_reason": "", **more}
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        return row.id


def flag_of(page: str) -> str:
    found = re.search(r'id="health-flag">(.*?)</span>\s*</a>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_without_an_account_it_says_what_will_be_there(signed_in: Visitor) -> None:
    answer = signed_in.get(PAGE)
    assert "Nothing to compare yet" in text_of(answer)
    assert flag_of(answer.text) == ""


def test_all_is_well(signed_in: Visitor, world: World) -> None:
    answer = signed_in.get(PAGE)
    assert GREEN in text_of(answer)
    assert GREEN in flag_of(answer.text)
    assert "What was checked" in text_of(answer)
    assert "Keys and webhook" in text_of(answer)


def test_a_finding_has_its_words_and_one_button(signed_in: Visitor, world: World) -> None:
    finding_id = add_finding(times_raised=3)
    answer = signed_in.get(PAGE)
    words = text_of(answer)
    assert "1 finding Everything else agrees" in words
    assert "1 GB free It will be full." in words
    assert "seen 3 times" in words
    assert flag_of(answer.text).startswith("1 finding")
    assert f'href="{PAGE}/machine"' in answer.text
    assert f"/findings/{finding_id}/snooze" in answer.text
    assert GREEN not in words


def test_findings_of_the_other_mode_are_told(signed_in: Visitor, world: World) -> None:
    add_finding(mode="live", severity="money", key="price.drift")
    words = text_of(signed_in.get(PAGE))
    assert "1 finding in live mode" in words
    assert "1 GB free" not in words


def test_a_finding_is_snoozed_with_a_reason_and_woken(signed_in: Visitor, world: World, session: Session) -> None:
    finding_id = add_finding()
    form = signed_in.get(f"{PAGE}/findings/{finding_id}/snooze")
    assert "Snooze this finding" in text_of(form)
    refused = signed_in.submit(f"{PAGE}/findings/{finding_id}/snooze", {"until": "week", "reason": " "})
    assert (refused.status_code, "Say why" in text_of(refused)) == (422, True)
    refused = signed_in.submit(f"{PAGE}/findings/{finding_id}/snooze", {"until": "never", "reason": "x"})
    assert (refused.status_code, "Choose until when" in text_of(refused)) == (422, True)
    done = signed_in.submit(f"{PAGE}/findings/{finding_id}/snooze", {"until": "week", "reason": "A new disk comes"})
    assert done.status_code == 303
    words = text_of(signed_in.get(PAGE))
    assert "Everything else agrees with Stripe as of" in words
    assert "by Mara Owner: “A new disk comes”" in words
    assert "1 finding snoozed." in words
    assert signed_in.submit(f"{PAGE}/findings/{finding_id}/wake").status_code == 303
    assert "Snoozed" not in text_of(signed_in.get(PAGE))
    session.rollback()
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-2:]
    assert actions == ["finding.snoozed", "finding.woken"]


def test_a_finding_about_money_is_never_snoozed(signed_in: Visitor, world: World) -> None:
    finding_id = add_finding(severity="money", key="price.drift")
    assert f"/findings/{finding_id}/snooze" not in signed_in.get(PAGE).text
    assert signed_in.get(f"{PAGE}/findings/{finding_id}/snooze").status_code == 409
    answer = signed_in.submit(f"{PAGE}/findings/{finding_id}/snooze", {"until": "week", "reason": "Later"})
    assert answer.status_code in (409, 422)
    assert "1 finding, 1 about money" in text_of(signed_in.get(PAGE))


@pytest.mark.parametrize("path", ["/checks", "/findings/1/snooze", "/findings/1/wake", "/findings/1/repair"])
def test_a_viewer_may_look_and_not_change(viewer: Visitor, world: World, path: str) -> None:
    add_finding()
    page = viewer.get(PAGE)
    assert page.status_code == 200
    assert "Snooze" not in page.text
    assert "Check now" not in page.text
    assert viewer.submit(PAGE + path).status_code == 403


def test_check_now_has_the_worker_check_and_the_page_follows(
    signed_in: Visitor, world: World, session: Session
) -> None:
    with transaction() as writing:
        writing.execute(update(HealthCheck).values(due_at=now() + timedelta(seconds=20)))
    answer = signed_in.swap(f"{PAGE}/checks")
    assert 'hx-trigger="every 2s"' in answer.text
    session.rollback()
    assert all(row.due_at <= now() for row in session.scalars(select(HealthCheck)))
    run_checks(world)
    assert 'hx-trigger="every 20s"' in signed_in.get(PAGE).text
    assert signed_in.submit(f"{PAGE}/checks", {"key": "disk.low"}).status_code == 303


def test_a_poll_gets_the_verdict_alone_while_nothing_else_has_changed(signed_in: Visitor, world: World) -> None:
    page = signed_in.get(PAGE).text
    (seen,) = set(re.findall(r"seen=(\w+)", page))
    same = signed_in.swap(f"{PAGE}/status?seen={seen}", method="GET").text
    assert same.strip().startswith('<hx-partial id="health-verdict">')
    assert "What was checked" not in same
    add_finding()
    changed = signed_in.swap(f"{PAGE}/status?seen={seen}", method="GET").text
    assert changed.strip().startswith("<div")
    assert "1 GB free" in changed


def test_a_repair_is_made_and_its_check_looks_again(signed_in: Visitor, world: World, session: Session) -> None:
    account_id = world.row().id
    action = {"label": "Ask", "kind": "repair", "name": "connection.check", "arguments": {"account_id": account_id}}
    finding_id = add_finding(action=action, mode="test", key="webhook.missing", severity="access")
    answer = signed_in.submit(f"{PAGE}/findings/{finding_id}/repair")
    assert answer.status_code == 303
    assert "The worker asks Stripe now" in text_of(signed_in.get(PAGE))
    assert world.row().check_requested_at is not None


def test_a_repair_that_is_not_there_is_refused(signed_in: Visitor, world: World) -> None:
    finding_id = add_finding()
    assert signed_in.submit(f"{PAGE}/findings/{finding_id}/repair").status_code == 409
    assert signed_in.submit(f"{PAGE}/findings/999/repair").status_code == 404


def stop_the_worker(world: World) -> None:
    long_ago = now() - timedelta(minutes=10)
    with transaction() as session:
        session.execute(update(JobRun).values(reported_at=long_ago))
        session.execute(update(HealthCheck).values(due_at=long_ago))


def cut_stripe_off(world: World) -> None:
    world.sandbox.control("faults", kind="drop")
    check_account(world)
    run_checks(world)


def break_a_check(world: World) -> None:
    with transaction() as session:
        session.execute(
            update(HealthCheck).where(HealthCheck.name == "disk").values(state="unknown", problem="Broken.")
        )


@pytest.mark.parametrize("spoil", [stop_the_worker, cut_stripe_off, break_a_check])
def test_nothing_is_green_by_accident(signed_in: Visitor, world: World, spoil: object) -> None:
    assert callable(spoil)
    spoil(world)
    for path in (PAGE, "/saas/payment-processor"):
        page = signed_in.get(path)
        assert "Everything agrees" not in page.text
        assert flag_of(page.text) != ""
    assert "Couldn’t be checked" in text_of(signed_in.get(PAGE))


def test_with_the_worker_stopped_the_page_says_so(signed_in: Visitor, world: World) -> None:
    stop_the_worker(world)
    words = text_of(signed_in.get(PAGE))
    assert "The background worker has been silent since" in words
    assert "It is overdue" in words
    machine = text_of(signed_in.get(f"{PAGE}/machine"))
    assert "The background worker has been silent since" in machine


def test_hostile_text_stays_text(signed_in: Visitor, world: World) -> None:
    hostile = "<script>alert(1)</script>\"'&"
    add_finding(title=hostile, meaning=hostile, snoozed_until=now() + timedelta(days=2), snooze_reason=hostile)
    add_finding(title=hostile, meaning=hostile, subject="b")
    assert "<script>alert(1)" not in signed_in.get(PAGE).text
