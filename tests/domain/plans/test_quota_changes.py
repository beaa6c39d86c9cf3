"""Who is affected by new quotas, and which quotas each client has after the choice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.plans import quota_changes
from billingportal.domain.plans.plans import copy_plan
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.quota_changes import (
    ChoiceNeeded,
    PlanClient,
    changes_of,
    clients_of,
    counts,
    quotas_for,
)
from billingportal.domain.plans.terms import Limit
from billingportal.models import Plan, QuotaChange
from billingportal.models.auth.staff import Staff
from billingportal.models.plans.quota_change import AppliesTo
from tests.support.catalog.plans import (
    LONG_AGO,
    add_account,
    add_price,
    add_subscription,
    change_plan,
    evaluate_everybody,
    new_plan,
    resource_id,
)

DAY = timedelta(days=1)
CHANGED = datetime(2026, 6, 1, tzinfo=UTC)


def client(name: str, **used: int) -> PlanClient:
    return PlanClient(name, LONG_AGO, LONG_AGO, {int(key[1:]): count for key, count in used.items()})


def change(applies_to: AppliesTo, before: int | None, after: int | None, at: datetime = CHANGED) -> QuotaChange:
    return QuotaChange(applies_to=applies_to, before={"1": before}, after={"1": after}, changed_at=at)


def test_who_uses_more_than_the_new_quota_is_named_with_by_how_much() -> None:
    clients = [client("Amber", _1=500), client("Birch", _1=900, _2=3), client("Coral", _1=501, _2=9), client("Delta")]

    found = quota_changes.affected(clients, {1: 500, 2: 3, 3: None})

    assert found.count == 4
    assert [(one.client.name, one.resource_id, one.excess) for one in found.overruns] == [
        ("Birch", 1, 400),
        ("Coral", 2, 6),
        ("Coral", 1, 1),
    ]


@pytest.mark.parametrize(
    ("applies_to", "early", "renewed", "late"),
    [("everybody", 50, 50, 50), ("renewals", 100, 50, 50), ("new_clients", 100, 100, 50)],
)
def test_the_choice_decides_whose_quota_is_the_new_one(
    applies_to: AppliesTo, early: int, renewed: int, late: int
) -> None:
    changes = [change(applies_to, 100, 50)]

    def quota(joined_at: datetime, period_started_at: datetime) -> int | None:
        return quotas_for({1: 50, 2: 7}, changes, joined_at, period_started_at)[1]

    assert quota(LONG_AGO, CHANGED - DAY) == early
    assert quota(LONG_AGO, CHANGED + DAY) == renewed
    assert quota(CHANGED + DAY, CHANGED + DAY) == late


def test_changes_follow_one_another() -> None:
    changes = [
        change("new_clients", 100, 50, CHANGED),
        change("everybody", 50, 80, CHANGED + DAY),
        change("renewals", 80, None, CHANGED + 2 * DAY),
    ]

    assert quotas_for({1: None}, changes, LONG_AGO, LONG_AGO) == {1: 80}
    assert quotas_for({1: None}, changes[:1] + changes[2:], LONG_AGO, LONG_AGO) == {1: 100}
    assert quotas_for({1: None}, changes, LONG_AGO, CHANGED + 3 * DAY) == {1: None}


@pytest.fixture
def plan_id(session: Session, owner: Staff) -> int:
    """A plan with 1,000 contacts that two customers pay, one with two subscriptions, and one canceled long ago."""
    with transaction() as writing:
        account = add_account(writing)
        add_price(writing, account, "price_month")
        add_price(writing, account, "price_other")
        for customer, price, status in [
            ("cus_1", "price_month", "active"),
            ("cus_2", "price_month", "past_due"),
            ("cus_3", "price_month", "canceled"),
            ("cus_4", "price_other", "active"),
        ]:
            add_subscription(writing, account, customer, price, status)
        account_id = account.id
    contacts = resource_id(session, "contacts")
    plan_id = new_plan(
        owner.id, account_id=account_id, links=[Link("price_month", "flat")], quotas={contacts: Limit(1000)}
    )
    evaluate_everybody()
    return plan_id


def test_clients_are_those_who_pay_a_price_of_the_plan(session: Session, plan_id: int) -> None:
    session.rollback()
    assert sorted(one.name for one in clients_of(session, session.get_one(Plan, plan_id))) == ["cus_1", "cus_2"]
    assert counts(session, "test") == {plan_id: 2}


def test_a_copy_does_not_count_the_clients_of_its_original(session: Session, owner: Staff, plan_id: int) -> None:
    with transaction() as writing:
        made = copy_plan(writing, plan_id, staff_id=owner.id).id
    evaluate_everybody()

    assert counts(session, "test") == {plan_id: 2}
    assert clients_of(session, session.get_one(Plan, made)) == []


def test_new_quotas_of_a_plan_in_use_ask_first(session: Session, owner: Staff, plan_id: int) -> None:
    contacts = resource_id(session, "contacts")
    with pytest.raises(ChoiceNeeded) as asked:
        change_plan(owner.id, plan_id, quotas={contacts: Limit(500)})

    assert asked.value.affected.count == 2
    session.rollback()
    assert session.get_one(Plan, plan_id).quotas[0].quota == 1000


def test_the_choice_is_remembered_with_what_changed(session: Session, owner: Staff, plan_id: int) -> None:
    contacts = resource_id(session, "contacts")
    change_plan(owner.id, plan_id, "renewals", quotas={contacts: Limit(500, "warn")})

    session.rollback()
    kept = changes_of(session, plan_id)
    assert [(one.applies_to, one.before, one.after) for one in kept] == [
        ("renewals", {str(contacts): 1000}, {str(contacts): 500})
    ]


def test_what_changes_no_quota_asks_nothing(session: Session, owner: Staff, plan_id: int) -> None:
    contacts = resource_id(session, "contacts")
    change_plan(owner.id, plan_id, description="For teams", quotas={contacts: Limit(1000, "warn")})

    session.rollback()
    assert session.scalars(select(QuotaChange)).all() == []


def test_a_plan_that_nobody_has_asks_nothing(session: Session, owner: Staff) -> None:
    plan_id = new_plan(owner.id, quotas={resource_id(session, "contacts"): Limit(10)})
    change_plan(owner.id, plan_id, quotas={resource_id(session, "contacts"): Limit(5)})

    assert session.scalars(select(QuotaChange)).all() == []
