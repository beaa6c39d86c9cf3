"""Clients are made, found and changed; one change at a time."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.clients import clients
from billingportal.domain.clients.clients import ClientTerms
from billingportal.domain.common.audit import by_staff
from billingportal.errors import Conflict, Refusal
from billingportal.models import AuditEntry, Client, Entitlement, Plan, Workspace
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import new_client


def audited(session: Session, client_id: int) -> list[str]:
    session.rollback()
    about = (AuditEntry.subject_type == "client", AuditEntry.subject_id == str(client_id))
    mine = select(AuditEntry.summary).where(*about, AuditEntry.actor != "sync")
    return list(session.scalars(mine.order_by(AuditEntry.id)))


def test_a_new_client_has_a_first_workspace_and_the_default_plan(session: Session, owner: Staff) -> None:
    new_plan(owner.id, "Free", is_active=True)
    made = new_client("  Café   Ümit ", "Office@Umit.example", workspace_name="Front desk", external_id=" 77 ")

    session.rollback()
    client = session.get_one(Client, made)
    assert (client.name, client.email, client.external_id) == ("Café Ümit", "office@umit.example", "77")
    assert client.folded_name == "café ümit"
    assert [one.name for one in session.scalars(select(Workspace))] == ["Front desk"]
    entitlement = session.scalars(select(Entitlement)).one()
    assert entitlement.plan is not None
    assert entitlement.plan.name == "Free"
    assert audited(session, made) == ["Café Ümit became a client", "Added the workspace Front desk"]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 121}),
        ("email", {"email": "office"}),
        ("email", {"email": "office@example.com, b@example.com"}),
        ("email", {"email": f"{'x' * 251}@a.b"}),
        ("external_id", {"external_id": "x" * 121}),
        ("workspace_name", {"workspace_name": "x" * 121}),
        ("workspace_external_id", {"workspace_external_id": "x" * 121}),
        ("plan", {"base_plan_id": 99}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(session: Session, field: str, given: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        new_client(**{"name": "Harbor", "email": "a@harbor.example", **given})  # type: ignore[arg-type]

    assert refused.value.field == field
    assert session.scalars(select(Client)).all() == []


def test_ids_of_the_host_platform_are_unique_in_a_mode(session: Session, owner: Staff) -> None:
    new_client("Harbor", external_id="77", workspace_external_id="w1")
    new_client("Live", mode="live", external_id="77", workspace_external_id="w1")

    for field, given in (("external_id", "77"), ("workspace_external_id", "w1")):
        with pytest.raises(Refusal) as refused:
            new_client("Bloom", **{field: given})  # type: ignore[arg-type]
        assert refused.value.field == field


def test_a_plan_with_a_price_is_no_base(session: Session, owner: Staff) -> None:
    plan_id = new_plan(owner.id, "Enterprise", is_active=True, is_on_request=True)

    with pytest.raises(Refusal, match="has a price"):
        new_client(base_plan_id=plan_id)


def test_a_change_is_told_in_words_and_the_second_tab_learns_of_it(session: Session, owner: Staff) -> None:
    made = new_client("Harbor")
    typed = ClientTerms("Harbor Dental", "desk@harbor.example", "77")

    def save(terms: ClientTerms, revision: int) -> None:
        with transaction() as writing:
            clients.update_client(writing, made, terms, revision=revision, author=by_staff(owner.id))

    save(typed, 1)
    save(typed, 1)  # a double click changes nothing
    with pytest.raises(Conflict):
        save(ClientTerms("Harbour", "desk@harbor.example", "77"), 1)

    assert audited(session, made)[1:] == [
        "Changed name from Harbor to Harbor Dental, email from office@harbor.example to desk@harbor.example, "
        "external ID from none to 77. Older billing links and sign-ins ended"
    ]
    assert session.get_one(Client, made).folded_name == "harbor dental"


def test_notes_are_kept_with_their_lines(session: Session, owner: Staff) -> None:
    made = new_client()

    with transaction() as writing:
        clients.write_notes(writing, made, "Call Mara\r\nnot Tom\r\n", revision=1, staff_id=owner.id)
    with transaction() as writing, pytest.raises(Conflict):
        clients.write_notes(writing, made, "Other", revision=1, staff_id=owner.id)

    session.rollback()
    assert session.get_one(Client, made).notes == "Call Mara\nnot Tom"


def test_a_client_of_the_other_mode_is_not_found(session: Session) -> None:
    made = new_client(mode="live")

    assert clients.find_client(session, made) is not None
    assert clients.find_client(session, made, "test") is None
    assert session.scalars(select(Plan)).all() == []
