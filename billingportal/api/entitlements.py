"""What clients may use, for the host platform to ask before it lets them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import Connection

from billingportal.api.ids import ClientText, WorkspaceText, client_ref, no_client, no_workspace, workspace_ref
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.operation import Group, Input, Output, operation
from billingportal.api.kernel.problems import PROBLEM_TYPES, Problem, invalid
from billingportal.api.kernel.types import ResourceKey
from billingportal.db import transaction
from billingportal.domain.entitlements import answer as entitlements_answer
from billingportal.domain.entitlements.answer import Entitlements, Tag, Whose
from billingportal.models.entitlements.entitlement import Access, Standing
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.plans.resource import ResourceKind
from billingportal.plain_json import JsonObject

MOST_QUERIES = 100
CACHE = {"Cache-Control": "private, no-cache"}


class PlanOfClient(Output):
    """The plan that applies."""

    key: str
    name: str


class Period(Output):
    """The period in which counters add up, from `start` to just before `end`."""

    start: datetime
    end: datetime
    source: Literal["subscription", "calendar"]


class ResourceEntitlement(Output):
    """One resource. `limit` null is unlimited, `remaining` then null too. `pool_remaining` null: there is no pool.

    At the limit, `block` refuses reservations, `warn` grants them, `bill` grants and charges them up to the client's
    `spending_cap`. `may_add_one` says whether a reservation of one would be granted now.
    """

    resource: str
    kind: ResourceKind
    limit: int | None
    used: int
    reserved: int
    remaining: int | None
    at_limit: Reaction
    source: Literal["plan", "bought", "override"]
    spending_cap: int | None
    may_add_one: bool
    pool_remaining: int | None


class EntitlementsAnswer(Output):
    """What a client may use. `revision` grows with every change of the client's own figures, the last one `as_of`."""

    client: Annotated[str, Field(examples=["cl_42"])]
    plan: PlanOfClient | None
    standing: Standing
    access: Access
    period: Period
    as_of: datetime
    revision: int
    upgrade_url: str
    reasons: list[str]
    resources: list[ResourceEntitlement]


class EntitlementsQuery(Input):
    """Up to 100 clients and workspaces together. Without `resources`, all are answered."""

    clients: list[ClientText] = Field(default=[], max_length=MOST_QUERIES)
    workspaces: list[WorkspaceText] = Field(default=[], max_length=MOST_QUERIES)
    resources: list[ResourceKey] = Field(default=[], max_length=20)


class ItemProblem(Output):
    """Why one item has no answer, as a problem of its own request would say it."""

    type: str
    title: str
    status: int
    detail: str


class QueriedItem(Output):
    """One item as it was sent. Either `entitlements` with its `etag`, or `error`."""

    client: str | None
    workspace: str | None
    etag: str | None
    entitlements: EntitlementsAnswer | None
    error: ItemProblem | None


class QueriedEntitlements(Output):
    """One for each item: the clients, then the workspaces, in the order in which they were sent."""

    data: list[QueriedItem]


@operation(
    "GET",
    "/clients/{client}/entitlements",
    scope="read",
    summary="Get what a client may use",
    answers={200: EntitlementsAnswer, 304: None},
    problems=("client_not_found",),
)
def show_client_entitlements(call: Call, connection: Connection, client: ClientText) -> Answer:
    """The answer has a strong `ETag`. Send it as `If-None-Match`, and you get 304 while nothing has changed."""
    found = answer_about(call, connection, Whose("client", client_ref(client)))
    if found is None:
        raise no_client(client)
    return found


@operation(
    "GET",
    "/workspaces/{workspace}/entitlements",
    scope="read",
    summary="Get what the client of a workspace may use",
    answers={200: EntitlementsAnswer, 304: None},
    problems=("workspace_not_found",),
)
def show_workspace_entitlements(call: Call, connection: Connection, workspace: WorkspaceText) -> Answer:
    """The same answer as for its client: workspaces share the limits."""
    found = answer_about(call, connection, Whose("workspace", workspace_ref(workspace)))
    if found is None:
        raise no_workspace(workspace)
    return found


@operation(
    "POST",
    "/entitlements/queries",
    scope="read",
    summary="Get what many clients may use",
    answers={200: QueriedEntitlements},
    idempotency="none",
)
def query_entitlements(call: Call, connection: Connection, body: EntitlementsQuery) -> Answer:
    """For warming a cache. An unknown item has an `error` of its own and costs the others nothing."""
    if len(body.clients) + len(body.workspaces) > MOST_QUERIES:
        raise invalid("/workspaces", f"At most {MOST_QUERIES} clients and workspaces together.")
    items = [("client", text) for text in body.clients] + [("workspace", text) for text in body.workspaces]
    return Answer(200, {"data": [queried(call, connection, *item, set(body.resources)) for item in items]})


def answer_about(call: Call, connection: Connection, whose: Whose) -> Answer | None:
    """The answer, or 304 by one read while the caller has the present one. None when nobody is meant."""
    sent = call.headers.get("if-none-match")
    if sent is not None:
        tag = entitlements_answer.read_tag(connection, call.mode, whose, call.base_url)
        if tag is None:
            return None
        if not tag.is_stale and matches(sent, tag):
            return Answer(304, None, {"ETag": tag.text, **CACHE})
    found = present_answer(call, connection, whose)
    return None if found is None else Answer(200, found.document, {"ETag": found.tag.text, **CACHE})


def matches(sent: str, tag: Tag) -> bool:
    """Whether an `If-None-Match` names the tag (RFC 9110, 13.1.2)."""
    return any(one.strip().removeprefix("W/") in (tag.text, "*") for one in sent.split(","))


def present_answer(call: Call, connection: Connection, whose: Whose) -> Entitlements | None:
    """The answer; a period that is over is ended first."""
    found = entitlements_answer.read_answer(connection, call.mode, whose, call.base_url)
    if found is None or not found.tag.is_stale:
        return found
    with transaction() as session:
        entitlements_answer.begin_periods(session, call.mode, found.tag)
    return entitlements_answer.read_answer(connection, call.mode, whose, call.base_url)


def queried(call: Call, connection: Connection, kind: str, text: str, resources: set[str]) -> JsonObject:
    named: JsonObject = {"client": None, "workspace": None, kind: text}
    try:
        whose = Whose(kind, client_ref(text) if kind == "client" else workspace_ref(text))
        found = present_answer(call, connection, whose)
        if found is None:
            raise no_client(text) if kind == "client" else no_workspace(text)
    except Problem as problem:
        return named | {"etag": None, "entitlements": None, "error": item_problem(problem)}
    return named | {"etag": found.tag.text, "entitlements": only(found.document, resources), "error": None}


def only(document: JsonObject, resources: set[str]) -> JsonObject:
    """The answer with these resources; with all when none is named."""
    listed = document["resources"]
    if not resources or not isinstance(listed, Sequence):
        return document
    return document | {"resources": [one for one in listed if isinstance(one, dict) and one["resource"] in resources]}


def item_problem(problem: Problem) -> JsonObject:
    known = PROBLEM_TYPES[problem.name]
    kind = f"/api/v1/problems/{problem.name}"
    return {"type": kind, "title": known.title, "status": known.status, "detail": problem.detail}


GROUP = Group(
    "Entitlements",
    "Ask before you let a client do something. Keep the answer; asking again with its ETag costs next to nothing.",
    (show_client_entitlements, show_workspace_entitlements, query_entitlements),
)
