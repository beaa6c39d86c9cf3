"""The events of clients are written wherever a client is made, suspended, reactivated or archived."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.checkout import abandoned_sign_ups
from billingportal.domain.clients import lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.errors import Refusal
from billingportal.models import Client, OutgoingMessage
from billingportal.models.auth.staff import Staff
from billingportal.plain_json import JsonObject, read
from tests.support.people.clients import new_client
from tests.support.usage.host_platform import add_endpoint

pytestmark = [pytest.mark.usefixtures("session"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def told(session: Session) -> list[tuple[str, JsonObject]]:
    session.rollback()
    found: list[tuple[str, JsonObject]] = []
    for body in session.scalars(select(OutgoingMessage.body).order_by(OutgoingMessage.id)):
        document = read(body)
        assert isinstance(document, dict)
        data = document["data"]
        assert isinstance(data, dict)
        found.append((str(document["type"]), data))
    return found


def test_staff_suspend_reactivate_and_archive(session: Session, owner: Staff) -> None:
    add_endpoint("https://chat.example.com/hooks")
    client_id = new_client('<b>"Harbor" & Söhne</b>', external_id="4711")
    for _ in range(2):  # the second time changes nothing and tells nothing
        with transaction() as writing:
            lifecycle.suspend_client(writing, client_id, "Spam complaints", author=by_staff(owner.id))
    for _ in range(2):
        with transaction() as writing:
            lifecycle.reactivate_client(writing, client_id, author=by_staff(owner.id))
    for _ in range(2):
        with transaction() as writing:
            lifecycle.archive_client(writing, client_id, staff_id=owner.id)
    created, suspended, reactivated, archived = told(session)
    names = {"client": f"cl_{client_id}", "external_id": "4711", "name": '<b>"Harbor" & Söhne</b>'}
    for _, data in (created, suspended, reactivated, archived):
        assert names.items() <= data.items()
    assert (created[0], created[1]["suspended_at"]) == ("client.created", None)
    assert (suspended[0], suspended[1]["suspension_reason"]) == ("client.suspended", "Spam complaints")
    assert (reactivated[0], reactivated[1]["suspended_at"]) == ("client.reactivated", None)
    assert archived[0] == "client.archived"
    assert archived[1]["archived_at"] is not None


def test_a_client_who_leaves_and_an_abandoned_sign_up_are_archived(session: Session, owner: Staff) -> None:
    add_endpoint("https://chat.example.com/hooks", "client.archived")
    leaving, abandoned = new_client("Leaving"), new_client("Abandoned")
    with transaction() as writing:
        lifecycle.archive_at_end(writing, leaving, staff_id=owner.id)
        abandoned_sign_ups.archive_sign_up(writing, writing.get_one(Client, abandoned))
    assert [(type_, data["client"]) for type_, data in told(session)] == [
        ("client.archived", f"cl_{leaving}"),
        ("client.archived", f"cl_{abandoned}"),
    ]


def test_what_is_refused_tells_nothing(session: Session, owner: Staff) -> None:
    add_endpoint("https://chat.example.com/hooks", "client.suspended")
    client_id = new_client()
    with pytest.raises(Refusal), transaction() as writing:
        lifecycle.suspend_client(writing, client_id, "", author=by_staff(owner.id))
    assert told(session) == []


def test_live_clients_are_not_told_to_test_addresses(session: Session) -> None:
    add_endpoint("https://chat.example.com/hooks")
    new_client(mode="live")
    assert told(session) == []
