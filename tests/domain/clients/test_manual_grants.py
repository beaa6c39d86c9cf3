"""Plans and quotas given by hand hold whatever else happens, and end when they were to end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.clients import comps, quota_overrides
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.domain.entitlements import evaluation
from billingportal.domain.plans import lifecycle as plan_lifecycle
from billingportal.domain.plans.terms import Limit
from billingportal.errors import Refusal
from billingportal.models import Client, Comp, Entitlement, QuotaOverride
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.people.clients import new_client

TOMORROW = timedelta(days=1)


@pytest.fixture
def given(session: Session, owner: Staff) -> tuple[int, int]:
    """A client of a free plan with 100 contacts, and a better plan with 5,000; their ids."""
    contacts = resource_id(session, "contacts")
    new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    return new_client(), new_plan(owner.id, "Growth", is_active=True, quotas={contacts: Limit(5000)})


def entitled(session: Session, client_id: int) -> tuple[str, str, int | None]:
    """Plan, source and contacts."""
    session.rollback()
    row = session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one()
    quota = next(one.quota for one in row.quotas if one.resource.key == "contacts")
    return (row.plan.name if row.plan else ""), row.source, quota


def today() -> date:
    return clock.now().date()


def test_a_plan_given_by_hand_holds_until_it_is_ended(session: Session, owner: Staff, given: tuple[int, int]) -> None:
    client_id, plan_id = given

    for _ in range(2):
        with transaction() as writing:
            comps.grant_plan(writing, client_id, plan_id, " A  friend ", None, staff_id=owner.id)
    assert entitled(session, client_id) == ("Growth", "comp", 5000)
    assert session.scalar(select(func.count(Comp.id))) == 1
    assert session.scalars(select(Comp)).one().reason == "A friend"

    with transaction() as writing:
        comps.end_comp(writing, client_id, staff_id=owner.id)
        comps.end_comp(writing, client_id, staff_id=owner.id)
    assert entitled(session, client_id) == ("Free", "base", 100)


def test_it_ends_with_its_last_day(
    session: Session, owner: Staff, given: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id, plan_id = given
    with transaction() as writing:
        comps.grant_plan(writing, client_id, plan_id, "Trial by hand", today(), staff_id=owner.id)
    assert entitled(session, client_id) == ("Growth", "comp", 5000)

    later = clock.now() + TOMORROW
    monkeypatch.setattr("billingportal.domain.entitlements.evaluation.now", lambda: later)
    monkeypatch.setattr("billingportal.domain.subscriptions.client_clock.now", lambda: later)
    assert evaluation.due_clients(session, later) == [client_id]
    with transaction() as writing:
        evaluation.evaluate_due(writing, client_id, later)

    assert entitled(session, client_id) == ("Free", "base", 100)
    assert comps.running_comp(session, session.get_one(Client, client_id)) is None


def test_another_plan_replaces_the_one_given_before(session: Session, owner: Staff, given: tuple[int, int]) -> None:
    client_id, plan_id = given
    other = new_plan(owner.id, "Scale", is_active=True)

    for chosen in (plan_id, other):
        with transaction() as writing:
            comps.grant_plan(writing, client_id, chosen, "A friend", today() + TOMORROW, staff_id=owner.id)

    session.rollback()
    rows = session.scalars(select(Comp).order_by(Comp.id)).all()
    assert [(row.plan_id, row.ended_at is None) for row in rows] == [(plan_id, False), (other, True)]


def test_what_cannot_be_given_is_refused(session: Session, owner: Staff, given: tuple[int, int]) -> None:
    client_id, plan_id = given
    archived = new_plan(owner.id, "Old")
    with transaction() as writing:
        plan_lifecycle.archive_plan(writing, archived, staff_id=owner.id)

    for field, plan, reason, last_day in (
        ("plan", None, "why", None),
        ("plan", archived, "why", None),
        ("reason", plan_id, " ", None),
        ("reason", plan_id, "x" * 201, None),
        ("expires_on", plan_id, "why", today() - TOMORROW),
    ):
        with transaction() as writing, pytest.raises(Refusal) as refused:
            comps.grant_plan(writing, client_id, plan, reason, last_day, staff_id=owner.id)
        assert refused.value.field == field


def test_a_quota_given_by_hand_replaces_the_plans_and_ends(
    session: Session, owner: Staff, given: tuple[int, int]
) -> None:
    client_id, _ = given
    contacts = resource_id(session, "contacts")

    for quota in (250, 250, None):
        with transaction() as writing:
            quota_overrides.grant_quota(writing, client_id, contacts, quota, "Fair", None, staff_id=owner.id)
        assert entitled(session, client_id) == ("Free", "base", quota)
    assert session.scalar(select(func.count(QuotaOverride.id))) == 2
    assert len(quota_overrides.running_overrides(session, session.get_one(Client, client_id))) == 1

    with transaction() as writing:
        quota_overrides.end_override(writing, client_id, contacts, staff_id=owner.id)
    assert entitled(session, client_id) == ("Free", "base", 100)


def test_suspension_and_archiving_stop_everything_and_are_undone(
    session: Session, owner: Staff, given: tuple[int, int]
) -> None:
    client_id, _ = given

    def access() -> str:
        session.rollback()
        return session.scalars(select(Entitlement.access).where(Entitlement.client_id == client_id)).one()

    with transaction() as writing:
        client_lifecycle.suspend_client(writing, client_id, "Spam", author=by_staff(owner.id))
    assert access() == "suspended"
    with transaction() as writing:
        client_lifecycle.reactivate_client(writing, client_id, author=by_staff(owner.id))
    assert access() == "full"
    with transaction() as writing:
        client_lifecycle.archive_client(writing, client_id, staff_id=owner.id)
    assert access() == "suspended"
    with transaction() as writing:
        client_lifecycle.restore_client(writing, client_id, staff_id=owner.id)
    assert access() == "full"


def test_two_clicks_at_once_give_one_plan(app: Flask, session: Session, owner: Staff, given: tuple[int, int]) -> None:
    client_id, plan_id = given
    staff_id = owner.id

    def give() -> None:
        with app.app_context(), transaction() as writing:
            comps.grant_plan(writing, client_id, plan_id, "A friend", None, staff_id=staff_id)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(give) for _ in range(4)]:
            done.result()

    session.rollback()
    assert session.scalar(select(func.count(Comp.id))) == 1
    assert entitled(session, client_id) == ("Growth", "comp", 5000)
