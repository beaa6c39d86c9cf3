"""SaaS > Rehearsal: choose, watch, read, check. Rehearsals are written by hand here."""

import io
import json
import re

import pytest
from sqlalchemy import select

from billingportal.db import db, transaction
from billingportal.models import Plan, PlanQuota, Rehearsal, RehearsalStep, Staff
from billingportal.models.rehearsal.visibility import full_transaction
from tests.support.metering.metered import Metered
from tests.support.pages import PARTIAL, Visitor, text_of
from tests.support.rehearsal.reports import add_ended, sign
from tests.support.rehearsal.rows import add_life, add_rehearsal, add_step

one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
pytestmark = one_database
PAGE = "/saas/rehearsals"


@pytest.fixture
def visitor(messages: Metered) -> Visitor:
    return person(messages, "owner", messages.staff_id)


def person(messages: Metered, role: str, staff_id: int) -> Visitor:
    visitor = Visitor(messages.world.app, messages.world.app.response_class)
    with transaction() as session:
        staff = session.get_one(Staff, staff_id)
        staff.role = role  # type: ignore[assignment]
    visitor.become(messages.world.session.get_one(Staff, staff_id))
    return visitor


def test_without_a_connected_account_it_says_what_to_do(app_visitor: Visitor) -> None:
    assert "Stripe is not connected in test mode" in text_of(app_visitor.get(PAGE))


def test_live_mode_leads_to_test_mode(messages: Metered, visitor: Visitor) -> None:
    visitor.submit("/mode", {"mode": "live"})
    page = text_of(visitor.get(PAGE))
    assert "Rehearsals run in test mode" in page
    assert "Start rehearsal" not in page
    assert visitor.submit(PAGE, {"plan": str(messages.plan_id)}).status_code == 409


def test_a_rehearsal_is_queued_watched_and_canceled(messages: Metered, visitor: Visitor) -> None:
    page = text_of(visitor.get(PAGE))
    assert "Never rehearsed" in page
    assert visitor.submit(PAGE, {"depth": "full"}).status_code == 422
    refused = visitor.submit(PAGE, {"plan": str(messages.plan_id), "depth": "full", **use(messages, "many")})
    assert "use is a whole number" in text_of(refused)
    made = visitor.submit(PAGE, {"plan": str(messages.plan_id), "depth": "quick", **use(messages, "5; 12,000")})
    assert made.status_code == 303
    row = messages.world.session.scalars(select(Rehearsal)).one()
    assert (row.state, row.is_quick, row.staff_id) == ("queued", True, messages.staff_id)
    assert row.choices["uses"] == {"messages": [5, 12000]}
    assert visitor.get(PAGE).location == made.location
    assert "Waiting for the worker" in text_of(visitor.get(made.location))
    assert visitor.submit(PAGE, {"plan": str(messages.plan_id)}).location == PAGE
    assert visitor.submit(f"{made.location}/cancellation").status_code == 303
    assert messages.world.session.scalars(select(Rehearsal.state)).one() == "canceling"
    assert "Canceling" in text_of(visitor.get(made.location))


def use(messages: Metered, typed: str) -> dict[str, str]:
    return {f"use-{messages.resource_id()}": typed}


def test_a_viewer_looks_and_starts_nothing(messages: Metered) -> None:
    viewer = person(messages, "viewer", messages.staff_id)
    assert "Start rehearsal" not in text_of(viewer.get(PAGE))
    assert viewer.submit(PAGE, {"plan": str(messages.plan_id)}).status_code == 403
    assert messages.world.session.scalars(select(Rehearsal)).all() == []


def test_progress_is_polled_as_a_part_of_the_page(messages: Metered, visitor: Visitor) -> None:
    account_id = messages.world.row().id
    with full_transaction():
        rehearsal_id = add_running(messages, account_id)
    path = f"{PAGE}/{rehearsal_id}"
    whole, part = visitor.get(path), visitor.get(path, headers=PARTIAL)
    for answer in (whole, part):
        assert "1 of 3 steps done" in text_of(answer)
        assert 'hx-trigger="every 2s"' in answer.text
        assert 'aria-current="step"' in answer.text
    assert "<html" not in part.text
    again = re.search(r'hx-get="([^"]+)"', part.text)
    assert again is not None
    quiet = visitor.get(again[1].replace("&amp;", "&"), headers=PARTIAL).text
    assert "1 of 3 steps done" in quiet
    assert "First invoice" not in quiet
    with transaction() as session:
        session.get_one(Rehearsal, rehearsal_id).state = "finished"
    assert visitor.get(path, headers=PARTIAL).headers["HX-Redirect"] == path


def add_running(messages: Metered, account_id: int) -> int:
    session = db.session()
    rehearsal = add_rehearsal(session, account_id)
    life = add_life(session, rehearsal, messages.plan_id)
    add_step(session, life, 0, "Subscribe")
    add_step(session, life, 1, "First invoice", state="intended", verdict=None)
    add_step(session, life, 2, "Renewal", state="waiting")
    add_step(session, life, 3, "Upgrade", verdict="left_out", reason="There is no plan above.")
    return rehearsal.id


def test_a_result_has_the_verdict_first_and_the_difference_opened(messages: Metered, visitor: Visitor) -> None:
    account_id = messages.world.row().id
    add_ended(account_id, messages.plan_id)
    failed = add_ended(account_id, messages.plan_id, fails=True)
    page = text_of(visitor.get(f"{PAGE}/{failed}"))
    assert page.index("is wrong at 1 step") < page.index("Steps")
    assert "expected $77.00, seen $97.00" in page
    assert "A client would pay $20.00 more than promised." in page
    assert "1 new difference, 0 gone" in page
    assert "Left out: The plan has no trial." in page
    listed = text_of(visitor.get(PAGE))
    assert "3 of 4 equal" in listed
    assert "Failed" in listed


def test_a_rehearsal_is_compared_with_the_last_one_of_the_same_kind(messages: Metered, visitor: Visitor) -> None:
    account_id = messages.world.row().id
    quick = add_ended(account_id, messages.plan_id, is_quick=True)
    full = add_ended(account_id, messages.plan_id, fails=True)
    assert "Compared with" not in text_of(visitor.get(f"{PAGE}/{quick}"))
    assert "Compared with" not in text_of(visitor.get(f"{PAGE}/{full}"))
    assert "the same" in text_of(visitor.get(f"{PAGE}/{add_ended(account_id, messages.plan_id, fails=True)}"))


def test_a_plan_that_changed_says_so_with_what(messages: Metered, visitor: Visitor) -> None:
    passed = add_ended(messages.world.row().id, messages.plan_id)
    assert "Changed since" not in text_of(visitor.get(PAGE))
    with transaction() as session:
        quota = session.scalars(select(PlanQuota).where(PlanQuota.plan_id == messages.plan_id)).first()
        assert quota is not None
        quota.quota = 5000
        session.get_one(Plan, messages.plan_id).trial_days = 14
    page = text_of(visitor.get(PAGE))
    assert "Changed since" in page
    assert "Trial: none → 14 days" in page
    assert "Changed after this rehearsal" in text_of(visitor.get(f"{PAGE}/{passed}"))


def test_not_provable_is_neither_right_nor_wrong(messages: Metered, visitor: Visitor) -> None:
    row = add_ended(messages.world.row().id, messages.plan_id, verdict="not_provable", event_road="catch_up")
    with transaction() as session:
        step = session.scalars(select(RehearsalStep)).first()
        assert step is not None
        step.verdict, step.reason = "not_provable", "Stripe still said 11,900 after one hour."
        step.life.verdict = "not_provable"
    page = text_of(visitor.get(f"{PAGE}/{row}"))
    assert "Not everything is proven" in page
    assert "Deliveries were not proven" in page
    assert "Not provable: Stripe still said 11,900" in page


def test_the_report_is_read_downloaded_and_checked(messages: Metered, visitor: Visitor) -> None:
    row = add_ended(messages.world.row().id, messages.plan_id, fails=True)
    assert visitor.get(f"{PAGE}/{row}/report").status_code == 404
    file = sign(row)
    page = visitor.get(f"{PAGE}/{row}/report")
    assert "3 of 3 by webhook, median 800 ms, slowest 3100 ms" in text_of(page)
    assert "https://dashboard.stripe.com/test/subscriptions/sub_1SX4kwLm9a" in page.text
    key = json.loads(file)["public_key"]
    assert key in page.text
    assert key in visitor.get("/settings/reports").text
    got = visitor.get(f"{PAGE}/{row}/report.json")
    assert got.text == file
    assert "Unchanged" in check(visitor, got.text)
    changed = check(visitor, file.replace('"$97.00"', '"$77.00"'))
    assert "1 place differs" in changed
    assert "steps[1 first_invoice].checks[2].seen $97.00 $77.00 Changed" in changed
    whole = json.loads(file)
    whole["public_key"] = "ed25519:" + "00" * 32
    assert "This report was changed" in check(visitor, json.dumps(whole))
    assert "This is no report" in check(visitor, "{}", 422)
    assert "Choose the JSON file" in text_of(visitor.submit(f"{PAGE}/report-check"))


def check(visitor: Visitor, text: str, status: int = 200) -> str:
    data = {"csrf_token": visitor.csrf_token(), "report": (io.BytesIO(text.encode()), "report.json")}
    answer = visitor.post(f"{PAGE}/report-check", data=data, content_type="multipart/form-data")
    assert answer.status_code == status
    return text_of(answer)


@pytest.fixture
def app_visitor(signed_in: Visitor) -> Visitor:
    return signed_in
