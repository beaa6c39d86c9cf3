"""Settings > Resources: what the person sees, and what the database holds."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.plans.terms import Limit
from billingportal.models import Resource
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.pages import Visitor, text_of

PAGE = "/settings/resources"
MESSAGES = {"name": "Messages", "unit": "messages", "kind": "counter"}


def names(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Resource.name).order_by(Resource.position)))


def test_the_four_are_listed_with_what_they_are(signed_in: Visitor, session: Session, owner: Staff) -> None:
    new_plan(owner.id, quotas={resource_id(session, "contacts"): Limit(5000)})

    words = text_of(signed_in.get(PAGE))

    assert "Contacts “5,000 contacts” · contacts A level now Used by plans" in words
    assert "Channels “5,000 channels” · channels A level now Not used" in words


@pytest.mark.parametrize("way", ["swap", "submit"])
def test_adding_one_works_with_and_without_javascript(signed_in: Visitor, session: Session, way: str) -> None:
    answer = getattr(signed_in, way)(PAGE, MESSAGES)

    assert answer.status_code == (200 if way == "swap" else 303)
    assert way == "submit" or '<div class="cols" id="resources">' in answer.text
    assert names(session)[-1] == "Messages"
    assert "Adds up in a period" in text_of(signed_in.get(PAGE))


def test_a_refused_name_is_kept_with_its_reason(signed_in: Visitor, session: Session) -> None:
    answer = signed_in.swap(PAGE, {**MESSAGES, "name": "Contacts"})

    assert answer.status_code == 422
    assert "There is a resource called Contacts already." in text_of(answer)
    assert 'value="Contacts"' in answer.text
    assert len(names(session)) == 4


def test_renaming_leads_back_to_the_list(signed_in: Visitor, session: Session) -> None:
    edit = f"{PAGE}/{resource_id(session, 'channels')}"
    assert 'value="Channels"' in signed_in.get(f"{edit}/edit").text

    refused = signed_in.submit(edit, {"name": "", "unit": ""})
    saved = signed_in.submit(edit, {"name": "Inboxes", "unit": "inboxes"})

    assert refused.status_code == 422
    assert saved.location == PAGE
    assert "Inboxes" in names(session)


def test_hiding_showing_and_deleting(signed_in: Visitor, session: Session) -> None:
    signed_in.swap(PAGE, MESSAGES)
    made = f"{PAGE}/{resource_id(session, 'messages')}"

    assert "Messages is hidden." in text_of(signed_in.swap(f"{made}/hiding"))
    assert "Messages is back." in text_of(signed_in.swap(f"{made}/showing"))
    assert "Messages is deleted." in text_of(signed_in.swap(f"{made}/deletion"))
    assert len(names(session)) == 4
    assert signed_in.get(f"{made}/edit").status_code == 404


def test_deleting_one_in_use_says_why_not(signed_in: Visitor, session: Session, owner: Staff) -> None:
    signed_in.swap(PAGE, MESSAGES)
    made = resource_id(session, "messages")
    new_plan(owner.id, quotas={made: Limit(0)})
    session.rollback()

    answer = signed_in.swap(f"{PAGE}/{made}/deletion")

    assert answer.status_code == 422
    assert "Plans use this resource." in text_of(answer)


def test_a_viewer_looks_and_does_not_touch(viewer: Visitor) -> None:
    assert "Add resource" not in text_of(viewer.get(PAGE))
    assert viewer.submit(PAGE, MESSAGES).status_code == 403
