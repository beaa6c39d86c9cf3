"""Searches the clients of a mode. The number of queries for a page does not depend on the number of clients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from billingportal.models import Client, ClientCustomer, Entitlement, Plan, Subscription, Workspace
from billingportal.models.connection.processor_account import Mode
from billingportal.models.entitlements.entitlement import Standing

PAGE_SIZE = 25
BATCH = 500
NO_PLAN = 0

Sort = Literal["name", "created", "renews"]
SORTS: tuple[Sort, ...] = get_args(Sort)
# A client's `Standing`, or `archived`, which replaces it for archived clients.
Status = Standing | Literal["archived"]
STATUSES: tuple[Status, ...] = (*get_args(Standing), "archived")


@dataclass(frozen=True)
class Wanted:
    """The search criteria. `words` are part of a name or email address, or one of the ids, as typed.

    `status` None is every client who is not archived; `plan_id` NO_PLAN is every client without a plan.
    """

    words: str = ""
    plan_id: int | None = None
    status: Status | None = None
    is_over_quota: bool = False
    is_failing: bool = False
    sort: Sort = "name"
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        return replace(self, sort="name", page=1) != Wanted()


@dataclass(frozen=True)
class ClientPage:
    """One page of the clients found. `counts` are by status, regardless of the status searched for."""

    rows: Sequence[tuple[Client, Entitlement]]
    counts: dict[Status, int]
    total: int
    number: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def is_last(self) -> bool:
        return self.number * PAGE_SIZE >= self.total


def search_clients(session: Session, mode: Mode, wanted: Wanted) -> ClientPage:
    """The requested page of clients, or the last page when there are fewer."""
    counts = count_by_status(session, mode, wanted)
    total = counts.get(wanted.status, 0) if wanted.status else sum_of_present(counts)
    number = max(1, min(wanted.page, -(-total // PAGE_SIZE)))
    query = in_order(having_status(matching(mode, wanted), wanted.status), wanted.sort)
    rows = session.execute(with_plan(query).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return ClientPage([(row[0], row[1]) for row in rows], counts, total, number)


def count_by_status(session: Session, mode: Mode, wanted: Wanted) -> dict[Status, int]:
    """The number of clients by status, for all the criteria except the status."""
    is_archived = Client.archived_at.is_not(None)
    grouped = matching(mode, wanted).with_only_columns(is_archived, Entitlement.standing, func.count())
    found: dict[Status, int] = {}
    for archived, standing, number in session.execute(grouped.group_by(is_archived, Entitlement.standing)):
        status: Status = "archived" if archived else standing
        found[status] = found.get(status, 0) + number
    return found


def sum_of_present(counts: dict[Status, int]) -> int:
    return sum(number for status, number in counts.items() if status != "archived")


def in_batches(session: Session, mode: Mode, wanted: Wanted) -> Iterator[Sequence[tuple[Client, Entitlement]]]:
    """All the clients found, in batches of BATCH."""
    query = in_order(having_status(matching(mode, wanted), wanted.status), wanted.sort)
    ids = session.scalars(query.with_only_columns(Client.id)).all()
    for start in range(0, len(ids), BATCH):
        chunk = ids[start : start + BATCH]
        rows = session.execute(with_plan(joined()).where(Client.id.in_(chunk)))
        by_id = {row[0].id: (row[0], row[1]) for row in rows}
        yield [by_id[client_id] for client_id in chunk if client_id in by_id]
        session.expunge_all()


def joined() -> Select[Client, Entitlement]:
    return select(Client, Entitlement).join(Entitlement, Entitlement.client_id == Client.id)


def with_plan(query: Select[Client, Entitlement]) -> Select[Client, Entitlement]:
    return query.outerjoin(Plan, Plan.id == Entitlement.plan_id).options(contains_eager(Entitlement.plan))


def matching(mode: Mode, wanted: Wanted) -> Select[Client, Entitlement]:
    """The clients who meet all the criteria except the status."""
    query = joined().where(Client.mode == mode)
    words = " ".join(wanted.words.split())
    if words:
        query = query.where(is_called(words, mode))
    if wanted.plan_id == NO_PLAN:
        query = query.where(Entitlement.plan_id.is_(None))
    elif wanted.plan_id is not None:
        query = query.where(Entitlement.plan_id == wanted.plan_id)
    if wanted.is_over_quota:
        query = query.where(Entitlement.is_over_quota)
    if wanted.is_failing:
        query = query.where(Entitlement.failing_since.is_not(None))
    return query


def is_called(words: str, mode: Mode) -> ColumnElement[bool]:
    """Whether the words match a client: a Stripe id, part of a name or email address, or an external id."""
    if words.startswith("cus_"):
        return Client.id.in_(select(ClientCustomer.client_id).where(ClientCustomer.stripe_customer_id == words))
    if words.startswith("sub_"):
        return Client.id.in_(owners_of_subscription(words))
    folded = words.casefold()
    in_workspace = select(Workspace.client_id).where(
        Workspace.mode == mode,
        or_(Workspace.folded_name.contains(folded, autoescape=True), Workspace.external_id == words),
    )
    return or_(
        Client.folded_name.contains(folded, autoescape=True),
        Client.email.contains(folded, autoescape=True),
        Client.external_id == words,
        Client.id.in_(in_workspace),
    )


def owners_of_subscription(subscription_id: str) -> Select[int]:
    is_customer = (ClientCustomer.processor_account_id == Subscription.processor_account_id) & (
        ClientCustomer.stripe_customer_id == Subscription.stripe_customer_id
    )
    return (
        select(ClientCustomer.client_id)
        .join(Subscription, is_customer)
        .where(Subscription.stripe_subscription_id == subscription_id)
    )


def having_status(query: Select[Client, Entitlement], status: Status | None) -> Select[Client, Entitlement]:
    if status == "archived":
        return query.where(Client.archived_at.is_not(None))
    present = query.where(Client.archived_at.is_(None))
    return present if status is None else present.where(Entitlement.standing == status)


def in_order(query: Select[Client, Entitlement], sort: Sort) -> Select[Client, Entitlement]:
    if sort == "created":
        return query.order_by(Client.id.desc())
    if sort == "renews":
        return query.order_by(Entitlement.renews_at.is_(None), Entitlement.renews_at, Client.id)
    return query.order_by(Client.folded_name, Client.id)
