"""Which plan is the default, which one featured, and what may be archived; also under concurrent clicks."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.plans import lifecycle as plan_lifecycle
from billingportal.domain.plans import plans
from billingportal.domain.plans.plans import Saving
from billingportal.domain.plans.terms import Limit, PlanTerms
from billingportal.errors import Refusal
from billingportal.models import AuditEntry, Plan
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id


@pytest.fixture
def three(app: Flask, session: Session, owner: Staff) -> list[int]:
    return [new_plan(owner.id, name, is_active=True) for name in ("Free", "Growth", "Scale")]


def all_plans(session: Session) -> Sequence[Plan]:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Plan).order_by(Plan.position)).all()


def defaults(session: Session) -> list[str]:
    return [plan.name for plan in all_plans(session) if plan.is_default]


def at_once(app: Flask, steps: list[Callable[[Session], object]]) -> list[str]:
    """Run the steps in transactions that start together; what each refusal said."""
    together = Barrier(len(steps))

    def run(step: Callable[[Session], object]) -> str:
        with app.app_context():
            together.wait()
            try:
                with transaction() as session:
                    step(session)
            except Refusal as refusal:
                return refusal.message
            return ""

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


def test_the_first_plan_is_the_default(session: Session, three: list[int]) -> None:
    assert defaults(session) == ["Free"]


def test_setting_another_default_ends_the_first(session: Session, owner: Staff, three: list[int]) -> None:
    with transaction() as writing:
        plan_lifecycle.make_default(writing, three[1], staff_id=owner.id)

    assert defaults(session) == ["Growth"]
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first() == "plan.made_default"


def test_two_first_plans_at_once_leave_one_default(app: Flask, session: Session, owner: Staff) -> None:
    session.rollback()

    def create(name: str) -> Callable[[Session], object]:
        terms = PlanTerms(name)
        return lambda writing: plans.create_plan(writing, plans.Saving(terms, None, []), staff_id=owner.id)

    at_once(app, [create("One"), create("Two"), create("Three")])

    assert len(defaults(session)) == 1
    assert sorted(plan.position for plan in all_plans(session)) == [0, 1, 2]


def test_two_concurrent_clicks_leave_one_default(app: Flask, session: Session, owner: Staff, three: list[int]) -> None:
    session.rollback()
    for _ in range(5):
        refusals = at_once(
            app,
            [
                lambda writing: plan_lifecycle.make_default(writing, three[1], staff_id=owner.id),
                lambda writing: plan_lifecycle.make_default(writing, three[2], staff_id=owner.id),
            ],
        )

        assert refusals == ["", ""]
        assert defaults(session) in (["Growth"], ["Scale"])


def test_archiving_a_plan_while_it_becomes_the_default_never_ends_without_one(
    app: Flask, session: Session, owner: Staff, three: list[int]
) -> None:
    session.rollback()
    refusals = at_once(
        app,
        [
            lambda writing: plan_lifecycle.make_default(writing, three[1], staff_id=owner.id),
            lambda writing: plan_lifecycle.archive_plan(writing, three[1], staff_id=owner.id),
        ],
    )

    assert sorted(map(bool, refusals)) == [False, True]
    state = {plan.name: plan.state for plan in all_plans(session)}
    assert defaults(session) == (["Growth"] if state["Growth"] == "active" else ["Free"])


def test_two_concurrent_clicks_leave_one_featured(app: Flask, session: Session, owner: Staff, three: list[int]) -> None:
    session.rollback()
    at_once(
        app,
        [
            lambda writing: plan_lifecycle.feature_plan(writing, three[1], staff_id=owner.id),
            lambda writing: plan_lifecycle.feature_plan(writing, three[2], staff_id=owner.id),
        ],
    )

    assert len([plan for plan in all_plans(session) if plan.is_featured]) == 1


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (plan_lifecycle.archive_plan, "Free is the default plan. Set another plan as default before you archive it."),
        (
            plan_lifecycle.deactivate_plan,
            "Free is the default plan. Set another plan as default before you deactivate it.",
        ),
    ],
)
def test_the_default_plan_stays_for_sale(
    session: Session, owner: Staff, three: list[int], act: Callable[..., Plan], words: str
) -> None:
    with pytest.raises(Refusal) as refused, transaction() as writing:
        act(writing, three[0], staff_id=owner.id)

    assert refused.value.message == words
    assert all_plans(session)[0].state == "active"


def test_an_archived_plan_is_neither_featured_nor_default_nor_sold(
    session: Session, owner: Staff, three: list[int]
) -> None:
    with transaction() as writing:
        plan_lifecycle.feature_plan(writing, three[2], staff_id=owner.id)
        plan_lifecycle.archive_plan(writing, three[2], staff_id=owner.id)

    archived = all_plans(session)[2]
    assert (archived.state, archived.is_featured) == ("archived", False)
    assert archived.archived_at is not None
    acts = (
        plan_lifecycle.feature_plan,
        plan_lifecycle.make_default,
        plan_lifecycle.activate_plan,
        plan_lifecycle.deactivate_plan,
    )
    for act in acts:
        with pytest.raises(Refusal), transaction() as writing:
            act(writing, three[2], staff_id=owner.id)


def test_a_restored_plan_is_a_draft(session: Session, owner: Staff, three: list[int]) -> None:
    with transaction() as writing:
        plan_lifecycle.archive_plan(writing, three[2], staff_id=owner.id)
        plan_lifecycle.restore_plan(writing, three[2], staff_id=owner.id)

    assert all_plans(session)[2].state == "draft"


def test_a_plan_is_not_restored_beside_one_of_the_same_name(session: Session, owner: Staff, three: list[int]) -> None:
    with transaction() as writing:
        plan_lifecycle.archive_plan(writing, three[2], staff_id=owner.id)
    new_plan(owner.id, "scale")

    with pytest.raises(Refusal, match="Rename that one first"), transaction() as writing:
        plan_lifecycle.restore_plan(writing, three[2], staff_id=owner.id)


def test_a_draft_cannot_become_the_default(session: Session, owner: Staff, three: list[int]) -> None:
    draft = new_plan(owner.id, "Draft")

    with pytest.raises(Refusal, match="Activate it"), transaction() as writing:
        plan_lifecycle.make_default(writing, draft, staff_id=owner.id)


def test_plans_are_moved_up_and_down_to_the_ends(session: Session, owner: Staff, three: list[int]) -> None:
    moves: list[tuple[int, plan_lifecycle.Direction]] = [(three[2], "up"), (three[2], "up"), (three[2], "up")]
    for plan_id, direction in [*moves, (three[0], "down")]:
        with transaction() as writing:
            plan_lifecycle.move_plan(writing, plan_id, direction, staff_id=owner.id)

    assert [plan.name for plan in all_plans(session)] == ["Scale", "Growth", "Free"]


def test_the_database_itself_refuses_a_second_default(session: Session, three: list[int]) -> None:
    with pytest.raises(IntegrityError), transaction() as writing:
        writing.get_one(Plan, three[1]).is_default = True


def test_an_empty_plan_is_sold_only_when_that_is_meant(session: Session, owner: Staff) -> None:
    """No price and no quotas is a forgotten price more often than a gift."""
    draft = new_plan(owner.id, "Draft")
    with pytest.raises(Refusal, match="sell it free, with no limits"), transaction() as writing:
        plan_lifecycle.activate_plan(writing, draft, staff_id=owner.id)
    assert all_plans(session)[0].state == "draft"
    with transaction() as writing:
        plan_lifecycle.activate_plan(writing, draft, staff_id=owner.id, sells_free=True)
        plan_lifecycle.activate_plan(writing, draft, staff_id=owner.id)  # a second click
    assert all_plans(session)[0].state == "active"


def test_one_limited_resource_or_a_sale_on_request_makes_a_plan_no_empty_one(session: Session, owner: Staff) -> None:
    contacts, channels = resource_id(session, "contacts"), resource_id(session, "channels")
    session.rollback()
    limited = new_plan(owner.id, "Limited", quotas={contacts: Limit(None), channels: Limit(0)})
    unlimited = new_plan(owner.id, "Unlimited", quotas={contacts: Limit(None)})
    on_request = new_plan(owner.id, "Enterprise", is_on_request=True)
    with transaction() as writing:
        plan_lifecycle.activate_plan(writing, limited, staff_id=owner.id)
        plan_lifecycle.activate_plan(writing, on_request, staff_id=owner.id)
    with pytest.raises(Refusal), transaction() as writing:
        plan_lifecycle.activate_plan(writing, unlimited, staff_id=owner.id)


def test_an_active_plan_loses_its_last_quota_only_when_that_is_meant(session: Session, owner: Staff) -> None:
    contacts = resource_id(session, "contacts")
    session.rollback()
    plan_id = new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    for sells_free, revision in ((False, 1), (True, 1), (False, 2)):  # the last: it is empty already
        saving = Saving(PlanTerms("Free", quotas={}), None, [], "everybody", sells_free)
        if revision == 1 and not sells_free:
            with pytest.raises(Refusal) as refused, transaction() as writing:
                plans.update_plan(writing, plan_id, saving, revision=revision, staff_id=owner.id)
            assert refused.value.field == "sells_free"
            continue
        with transaction() as writing:
            plans.update_plan(writing, plan_id, saving, revision=revision, staff_id=owner.id)
    assert all_plans(session)[0].is_empty
