"""The resources that plans count: added, renamed, hidden and deleted."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.plans import resources
from billingportal.domain.plans.terms import Limit
from billingportal.errors import Refusal
from billingportal.models import AuditEntry, Resource
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id


def create(staff: Staff, name: str = "Messages", unit: str = "messages") -> int:
    with transaction() as writing:
        return resources.create_resource(writing, name, unit, "counter", staff_id=staff.id).id


def names(session: Session) -> list[str]:
    session.rollback()
    session.expire_all()
    return [resource.name for resource in resources.visible_resources(session)]


def test_four_are_there_from_the_start(session: Session) -> None:
    assert names(session) == ["Contacts", "Workspaces", "Channels", "Team members"]


def test_a_new_one_comes_last_with_a_key_for_the_api(session: Session, owner: Staff) -> None:
    made = session.get_one(Resource, create(owner, "  AI   replies ", ""))

    assert (made.name, made.key, made.unit, made.kind) == ("AI replies", "ai_replies", "ai replies", "counter")
    assert names(session)[-1] == "AI replies"
    assert session.scalars(select(AuditEntry.summary)).all() == ["Added the resource AI replies"]


def test_keys_are_unique_even_where_names_differ_only_in_signs(session: Session, owner: Staff) -> None:
    made = [create(owner, name) for name in ("Team-members", "Team members!", "消息")]

    keys = [session.get_one(Resource, one).key for one in made]
    assert keys == ["team_members_2", "team_members_3", "resource"]


@pytest.mark.parametrize(
    ("name", "unit", "field", "words"),
    [
        (" ", "", "name", "Give the resource a name"),
        ("contacts", "", "name", "There is a resource called contacts already."),
        ("x" * 61, "", "name", "at most 60"),
        ("Messages", "x" * 41, "unit", "at most 40"),
    ],
)
def test_what_cannot_be_a_resource_is_refused_at_its_field(
    session: Session, owner: Staff, name: str, unit: str, field: str, words: str
) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        create(owner, name, unit)
    assert refused.value.field == field


def test_renaming_keeps_the_key(session: Session, owner: Staff) -> None:
    made = create(owner)
    with transaction() as writing:
        resources.update_resource(writing, made, "Notes", "notes", staff_id=owner.id)

    assert session.get_one(Resource, made).key == "messages"
    assert names(session)[-1] == "Notes"


def test_an_unused_one_is_hidden_and_shown_again(session: Session, owner: Staff) -> None:
    channels = resource_id(session, "channels")
    with transaction() as writing:
        resources.hide_resource(writing, channels, staff_id=owner.id)
    assert "Channels" not in names(session)

    with transaction() as writing:
        resources.show_resource(writing, channels, staff_id=owner.id)
    assert "Channels" in names(session)


def test_one_in_use_is_neither_hidden_nor_deleted(session: Session, owner: Staff) -> None:
    made = create(owner)
    new_plan(owner.id, quotas={made: Limit(10)})

    for act in (resources.hide_resource, resources.remove_resource):
        with pytest.raises(Refusal, match="Plans use this resource"), transaction() as writing:
            act(writing, made, staff_id=owner.id)


def test_one_that_is_unlimited_everywhere_can_be_deleted(session: Session, owner: Staff) -> None:
    made = create(owner)
    new_plan(owner.id, quotas={made: Limit(None)})
    with transaction() as writing:
        assert resources.remove_resource(writing, made, staff_id=owner.id) == "Messages"

    assert "Messages" not in names(session)


def test_a_built_in_one_can_only_be_hidden(session: Session, owner: Staff) -> None:
    with pytest.raises(Refusal, match="Hide it instead"), transaction() as writing:
        resources.remove_resource(writing, resource_id(session, "contacts"), staff_id=owner.id)
