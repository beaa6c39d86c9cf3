"""Clients: created, listed and changed by the host platform."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from billingportal.api.ids import ClientText, find_client
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.lists import PageQuery, cut, page_of
from billingportal.api.kernel.operation import Group, Input, Output, operation
from billingportal.api.kernel.problems import invalid
from billingportal.api.kernel.types import Email, ExternalId, Name, PlanKey, ShownEmail, ShownExternalId, ShownName
from billingportal.api.refusals import as_problems
from billingportal.domain.clients import clients, workspaces
from billingportal.domain.clients.clients import ClientDraft
from billingportal.domain.clients.search import Status
from billingportal.domain.common.audit import by_api_key
from billingportal.domain.common.email_addresses import canonical_address
from billingportal.domain.common.locks import CLIENTS, take_turns
from billingportal.domain.common.references import public_id
from billingportal.models import Client, Entitlement, Plan
from billingportal.models.connection.processor_account import Mode
from billingportal.models.entitlements.entitlement import Access


class PlanName(Output):
    """A plan by its key, which never changes, and its present name."""

    key: PlanKey
    name: Annotated[str, Field(examples=["Growth"])]


class ClientAnswer(Output):
    """A client. `external_id` is your own id of it. `standing` is its status in one word, `archived` before all."""

    id: Annotated[str, Field(examples=["cl_42"])]
    external_id: ShownExternalId | None
    name: ShownName
    email: ShownEmail
    mode: Mode
    standing: Status
    access: Access
    plan: PlanName | None
    created_at: datetime
    suspended_at: datetime | None
    archived_at: datetime | None


class ClientList(Output):
    """One page of clients, oldest first. `next` is the `after` of the next page."""

    data: list[ClientAnswer]
    next: str | None


class FirstWorkspace(Input):
    """A workspace to create with the client."""

    external_id: ExternalId
    name: Name


class NewClient(Input):
    """A client to create. `plan` is a plan without prices; without one, the client has the default plan."""

    external_id: ExternalId
    name: Name
    email: Email
    plan: PlanKey | None = None
    workspaces: Annotated[list[FirstWorkspace], Field(max_length=100, default_factory=list)]


class ClientChanges(Input):
    """What to change. A field that is left out stays; an external id of null is removed."""

    external_id: ExternalId | None = None
    name: Name = ""
    email: Email = ""


class ClientQuery(PageQuery):
    """Filters, all of which have to fit. Without a standing, archived clients are listed too."""

    external_id: ExternalId | None = None
    email: Email | None = None
    standing: Status | None = None


@operation(
    "POST",
    "/clients",
    scope="manage",
    summary="Create a client",
    answers={201: ClientAnswer, 200: ClientAnswer},
    problems=("external_id_taken",),
)
def create_client(call: Call, session: Session, body: NewClient) -> Answer:
    """With an external id that a client has already, the answer is that client, unchanged, and 200.

    Only a plan without prices can be given: for others, create a checkout link.
    """
    take_turns(session, CLIENTS)
    there = select(Client).where(Client.mode == call.mode, Client.external_id == body.external_id.strip())
    client = session.scalar(there)
    if client is not None:
        return Answer(200, answer_of(session, client))
    author = by_api_key(call.key.id)
    with as_problems():
        draft = ClientDraft(
            mode=call.mode,
            name=body.name,
            email=body.email,
            source="api",
            external_id=body.external_id,
            base_plan_id=None if body.plan is None else plan_of_key(session, body.plan).id,
            author=author,
        )
        client = clients.create_client(session, draft)
    for number, one in enumerate(body.workspaces):
        place = f"/workspaces/{number}"
        with as_problems({"workspace_name": f"{place}/name", "workspace_external_id": f"{place}/external_id"}):
            workspaces.create_workspace(session, client, one.name, one.external_id, author=author)
    return Answer(201, answer_of(session, client), {"Location": f"/api/v1/clients/{public_id('client', client.id)}"})


@operation("GET", "/clients", scope="read", summary="List clients", answers={200: ClientList})
def list_clients(call: Call, session: Session, query: ClientQuery) -> Answer:
    """Clients of the key's mode, oldest first, archived ones included."""
    statement = with_entitlement().where(Client.mode == call.mode)
    if query.external_id is not None:
        statement = statement.where(Client.external_id == query.external_id)
    if query.email is not None:
        statement = statement.where(Client.canonical_email == canonical_address(query.email))
    if query.standing == "archived":
        statement = statement.where(Client.archived_at.is_not(None))
    elif query.standing is not None:
        statement = statement.where(Client.archived_at.is_(None), Entitlement.standing == query.standing)
    found = [(row[0], row[1]) for row in session.execute(page_of(statement, Client.id, query))]
    shown, following = cut(found, query, lambda row: row[0].id)
    return Answer(200, ClientList(data=[told(*row) for row in shown], next=following))


@operation(
    "GET",
    "/clients/{client}",
    scope="read",
    summary="Get a client",
    answers={200: ClientAnswer},
    problems=("client_not_found",),
)
def show_client(call: Call, session: Session, client: ClientText) -> Answer:
    """A client, archived or not."""
    return Answer(200, answer_of(session, find_client(session, call.mode, client)))


@operation(
    "PATCH",
    "/clients/{client}",
    scope="manage",
    summary="Change a client",
    answers={200: ClientAnswer},
    problems=("client_not_found", "external_id_taken"),
)
def update_client(call: Call, session: Session, client: ClientText, body: ClientChanges) -> Answer:
    """Changes the fields that are sent. A new email address ends older billing links and sign-ins of the client."""
    take_turns(session, CLIENTS)
    found = find_client(session, call.mode, client)
    changes = body.model_dump(include=body.model_fields_set)
    terms = replace(clients.terms_of(found), **changes)
    with as_problems():
        clients.update_client(session, found.id, terms, revision=None, author=by_api_key(call.key.id))
    return Answer(200, answer_of(session, found))


def with_entitlement() -> Select[Client, Entitlement]:
    joined = select(Client, Entitlement).join(Entitlement, Entitlement.client_id == Client.id)
    return joined.outerjoin(Plan, Plan.id == Entitlement.plan_id).options(contains_eager(Entitlement.plan))


def answer_of(session: Session, client: Client) -> ClientAnswer:
    """The client with its present entitlement."""
    session.flush()
    row = session.execute(with_entitlement().where(Client.id == client.id)).one()
    return told(row[0], row[1])


def told(client: Client, entitlement: Entitlement) -> ClientAnswer:
    plan = entitlement.plan
    return ClientAnswer(
        id=public_id("client", client.id),
        external_id=client.external_id,
        name=client.name,
        email=client.email,
        mode=client.mode,
        standing="archived" if client.archived_at is not None else entitlement.standing,
        access=entitlement.access,
        plan=None if plan is None else PlanName(key=plan.key, name=plan.name),
        created_at=client.created_at,
        suspended_at=client.suspended_at,
        archived_at=client.archived_at,
    )


def plan_of_key(session: Session, key: str) -> Plan:
    """The plan. Raises Problem about the field `plan`."""
    plan = session.scalar(select(Plan).where(Plan.key == key))
    if plan is None:
        raise invalid("/plan", "There is no plan with this key.")
    return plan


GROUP = Group(
    "Clients",
    "Your customers. Each has workspaces, a plan, and at most one subscription.",
    (create_client, list_clients, show_client, update_client),
)
