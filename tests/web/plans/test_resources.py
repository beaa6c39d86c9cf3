"""Settings > Resources: what the person sees, and what the database holds."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.plans.terms import Limit
from billingportal.models import Resource, UsagePool
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.catalog.usage import uses
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client

PAGE = "/settings/resources"
SETTINGS = {"name": "Contacts", "unit": "contacts", "when_unreachable": "open"}
MESSAGES = {"name": "Messages", "unit": "messages", "kind": "counter"}


def names(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Resource.name).order_by(Resource.position)))


def test_the_four_are_listed_with_what_they_are(signed_in: Visitor, session: Session, owner: Staff) -> None:
    new_plan(owner.id, quotas={resource_id(session, "contacts"): Limit(5000)})

    words = text_of(signed_in.get(PAGE))

    assert "Contacts “5,000 contacts” · contacts Current total 80%, 100%, over Unlimited Let clients go on" in words
    assert "Channels “5,000 channels” · channels Current total 80%, 100%, over Unlimited Let clients go on" in words


@pytest.mark.parametrize("way", ["swap", "submit"])
def test_adding_one_works_with_and_without_javascript(signed_in: Visitor, session: Session, way: str) -> None:
    answer = getattr(signed_in, way)(PAGE, MESSAGES)

    assert answer.status_code == (200 if way == "swap" else 303)
    assert way == "submit" or '<div class="stack" id="resources">' in answer.text
    assert names(session)[-1] == "Messages"
    assert "Total per billing period" in text_of(signed_in.get(PAGE))


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
    saved = signed_in.submit(edit, {**SETTINGS, "name": "Inboxes", "unit": "inboxes"})

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


def test_pool_warnings_and_outage_are_saved_for_each_mode(signed_in: Visitor, session: Session) -> None:
    contacts = resource_id(session, "contacts")
    session.rollback()
    uses(new_client(), contacts, 386)
    typed = {**SETTINGS, "warns_at_100": "y", "warns_staff": "y", "when_unreachable": "closed", "pool_test": "400,000"}

    assert signed_in.submit(f"{PAGE}/{contacts}", typed).status_code == 303
    session.rollback()
    resource = session.get_one(Resource, contacts)
    assert (resource.warns_at_80, resource.warns_at_100, resource.warns_above_100) == (False, True, False)
    assert (resource.warns_client, resource.warns_staff, resource.warns_platform) == (False, True, False)
    assert resource.when_unreachable == "closed"
    pool = session.scalars(select(UsagePool)).one()
    assert (pool.mode, pool.ceiling, pool.used) == ("test", 400_000, 386)
    assert "100% 400,000 Stop new use" in text_of(signed_in.get(PAGE))
    page = signed_in.get(f"{PAGE}/{contacts}/edit")
    assert 'value="400,000"' in page.text
    assert "386 used now. Leave empty for unlimited." in text_of(page)


def test_an_empty_pool_is_unlimited_again(signed_in: Visitor, session: Session) -> None:
    contacts = resource_id(session, "contacts")
    for typed in ("0", "1 000", ""):
        signed_in.submit(f"{PAGE}/{contacts}", {**SETTINGS, "pool_live": typed})
    session.rollback()

    assert session.scalars(select(UsagePool)).all() == []


@pytest.mark.parametrize("typed", ["3 million", "-1", "1.5", "9" * 30, "\u0664"])
def test_a_pool_that_is_no_number_is_refused_and_nothing_is_saved(
    signed_in: Visitor, session: Session, typed: str
) -> None:
    contacts = resource_id(session, "contacts")
    answer = signed_in.submit(f"{PAGE}/{contacts}", {**SETTINGS, "name": "People", "pool_test": typed})

    assert answer.status_code == 422
    assert "Enter a whole number, such as 3,000,000, or leave it empty for unlimited." in text_of(answer)
    assert "People" not in names(session)


def test_a_resource_that_clients_used_is_not_deleted(signed_in: Visitor, session: Session) -> None:
    signed_in.swap(PAGE, MESSAGES)
    made = resource_id(session, "messages")
    session.rollback()
    uses(new_client(), made, 5)

    answer = signed_in.swap(f"{PAGE}/{made}/deletion")
    assert answer.status_code == 422
    assert "Clients have used this resource. Hide it instead" in text_of(answer)


def test_a_deleted_resource_takes_its_pool_with_it(signed_in: Visitor, session: Session) -> None:
    signed_in.swap(PAGE, MESSAGES)
    made = resource_id(session, "messages")
    signed_in.submit(f"{PAGE}/{made}", {**SETTINGS, "name": "Messages", "pool_test": "5"})

    assert "Messages is deleted." in text_of(signed_in.swap(f"{PAGE}/{made}/deletion"))
