"""A changed entitlement is told with the whole answer, once, whatever changed it."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.domain.clients import lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.domain.entitlements.answer import entitlements_answer
from billingportal.jobs.entitlements import announce_changes
from billingportal.models import OutgoingMessage
from billingportal.models.auth.staff import Staff
from billingportal.plain_json import JsonObject, read
from billingportal.portal import current_portal
from tests.support.people.clients import new_client
from tests.support.usage.host_platform import add_endpoint

pytestmark = pytest.mark.usefixtures("session")


def told(session: Session) -> list[JsonObject]:
    announce_changes(current_portal())
    session.rollback()
    wanted = select(OutgoingMessage.body).where(OutgoingMessage.type == "entitlements.changed")
    found: list[JsonObject] = []
    for body in session.scalars(wanted.order_by(OutgoingMessage.id)):
        document = read(body)
        assert isinstance(document, dict)
        data = document["data"]
        assert isinstance(data, dict)
        found.append(data)
    return found


def suspend(client_id: int, owner: Staff) -> None:
    with transaction() as session:
        lifecycle.suspend_client(session, client_id, "Spam complaints", author=by_staff(owner.id))


def reactivate(client_id: int, owner: Staff) -> None:
    with transaction() as session:
        lifecycle.reactivate_client(session, client_id, author=by_staff(owner.id))


def test_every_change_is_told_with_the_whole_answer(session: Session, owner: Staff) -> None:
    add_endpoint("https://chat.example.com/hooks", "entitlements.changed")
    client_id = new_client(external_id="4711")
    (created,) = told(session)
    base_url = current_portal().settings.public_url or ""
    assert created == {"external_id": "4711", **entitlements_answer(session, "test", client_id, base_url=base_url)}
    assert told(session) == [created]
    suspend(client_id, owner)
    _, suspended = told(session)
    assert (suspended["access"], suspended["standing"]) == ("suspended", "suspended")
    assert int(str(suspended["revision"])) > int(str(created["revision"]))
    reactivate(client_id, owner)
    assert told(session)[-1]["access"] == created["access"]


def test_quick_changes_make_one_message_with_the_last_state(session: Session, owner: Staff) -> None:
    add_endpoint("https://chat.example.com/hooks", "entitlements.changed")
    client_id = new_client()
    suspend(client_id, owner)
    reactivate(client_id, owner)
    assert [data["standing"] for data in told(session)] == ["free"]


def test_an_address_that_is_added_later_hears_of_later_changes_only(session: Session, owner: Staff) -> None:
    client_id = new_client()
    assert told(session) == []
    add_endpoint("https://chat.example.com/hooks", "entitlements.changed")
    assert told(session) == []
    suspend(client_id, owner)
    assert [data["access"] for data in told(session)] == ["suspended"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_looking_for_changes_reads_no_unchanged_row(session: Session) -> None:
    plan = session.execute(
        text("EXPLAIN QUERY PLAN SELECT client_id FROM entitlement WHERE entitlement.revision != announced_revision")
    ).all()
    assert "ix_entitlement_to_announce" in str(plan)
    assert db.engine.dialect.name == "sqlite"
