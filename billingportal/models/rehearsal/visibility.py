"""Keeps the throw-away clients of rehearsals out of every query that does not ask for them.

Every SELECT of a session gets the condition for each table that it reads, also in joins, subqueries and lazy loads: the
client is no throw-away client, or the row belongs to none. A table belongs to clients by its columns and foreign keys,
so that a new table is covered too. `full_transaction` sees them like any other client. Plain SQL and bare
connections are not covered: they ask `shows_rehearsals`, or take ids that a session or `is_rehearsal` has let through.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, SelectBase, String, Table, and_, event, exists, or_, select, true, union
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.util import ClauseAdapter

from billingportal.db import Base, Database, transaction
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.clients.client import Client
from billingportal.models.clients.client_customer import ClientCustomer
from billingportal.models.connection.stripe_event import StripeEvent
from billingportal.models.rehearsal.rehearsal import Rehearsal
from billingportal.models.rehearsal.rehearsal_life import RehearsalLife
from billingportal.models.stripe_objects.customer import Customer
from billingportal.models.stripe_objects.invoice import Invoice
from billingportal.models.stripe_objects.invoice_payment import InvoicePayment

SHOWS_REHEARSALS = "shows_rehearsals"
# Aliases of their own: in a statement about the same table, its columns are not mistaken for these.
CLIENTS = cast(Table, Client.__table__).alias("throw_away")
CUSTOMERS = cast(Table, Customer.__table__).alias("throw_away_customer")
LINKS = cast(Table, ClientCustomer.__table__).alias("throw_away_link")
REHEARSALS = cast(Table, Rehearsal.__table__).alias("any_rehearsal")
LIVES = cast(Table, RehearsalLife.__table__).alias("any_life")

HIDDEN_CLIENTS = select(CLIENTS.c.id).where(CLIENTS.c.is_rehearsal).correlate(None)
HIDDEN_SUBJECTS = select(sql_cast(CLIENTS.c.id, String)).where(CLIENTS.c.is_rehearsal).correlate(None)
HIDDEN_CLOCKS = select(LIVES.c.stripe_test_clock_id).where(LIVES.c.stripe_test_clock_id.is_not(None)).correlate(None)
# A customer is on its clock before it is linked: its first event may come before our transaction is committed.
CUSTOMERS_ON_CLOCKS = (
    select(CUSTOMERS.c.stripe_customer_id)
    .where(
        LIVES.c.rehearsal_id == REHEARSALS.c.id,
        CUSTOMERS.c.processor_account_id == REHEARSALS.c.processor_account_id,
        CUSTOMERS.c.stripe_test_clock_id == LIVES.c.stripe_test_clock_id,
    )
    .correlate(None)
)
LINKED_CUSTOMERS = select(LINKS.c.stripe_customer_id).where(LINKS.c.client_id.in_(HIDDEN_CLIENTS)).correlate(None)
HIDDEN_CUSTOMERS = union(CUSTOMERS_ON_CLOCKS, LINKED_CUSTOMERS)
# By the names that these columns have in every table, the surest first.
HIDDEN_BY_COLUMN = (
    ("client_id", HIDDEN_CLIENTS),
    ("stripe_customer_id", HIDDEN_CUSTOMERS),
    ("stripe_test_clock_id", HIDDEN_CLOCKS),
)
# The rehearsal's own tables are shown on its own pages.
OWN_TABLES = frozenset({"rehearsal", "rehearsal_life", "rehearsal_client", "rehearsal_step"})
INVOICES = cast(Table, Invoice.__table__)
PAYMENTS = cast(Table, InvoicePayment.__table__)
EVERY_ROW = true()
Pair = tuple[Column[Any], Column[Any]]


def is_none_of(column: ColumnElement[Any], hidden: SelectBase) -> ColumnElement[bool]:
    return or_(column.is_(None), column.not_in(hidden))


@cache
def condition_of(table: Table) -> ColumnElement[bool]:
    """What lets through the rows of a table that belong to no throw-away client."""
    if table.name in OWN_TABLES:
        return EVERY_ROW
    if table is Client.__table__:
        return ~table.c.is_rehearsal
    if table is AuditEntry.__table__:
        return or_(table.c.subject_type != "client", is_none_of(table.c.subject_id, HIDDEN_SUBJECTS))
    if table is StripeEvent.__table__:
        return and_(*conditions_of_events(table))
    for name, hidden in HIDDEN_BY_COLUMN:
        if name in table.c:
            return is_none_of(table.c[name], hidden)
    owned = (is_owned(pairs) for pairs in owners_of(table) if condition_of(pairs[0][1].table) is not EVERY_ROW)
    return next(owned, EVERY_ROW)


def conditions_of_events(table: Table) -> Iterator[ColumnElement[bool]]:
    """An event is about a customer, its object, or the payment of an invoice, which names the invoice alone."""
    yield is_none_of(table.c.stripe_customer_id, HIDDEN_CUSTOMERS)
    yield is_none_of(table.c.object_id, HIDDEN_CLOCKS)
    account = (table.c.processor_account_id, PAYMENTS.c.processor_account_id)
    yield is_owned([account, (table.c.object_id, PAYMENTS.c.stripe_invoice_payment_id)])


def owners_of(table: Table) -> Iterator[list[Pair]]:
    """The columns by which a row finds a row that it belongs to: by foreign key, or an invoice by its id at Stripe."""
    for column in table.c:
        for key in column.foreign_keys:
            yield [(column, key.column)]
    if "stripe_invoice_id" in table.c:
        names = ("processor_account_id", "stripe_invoice_id")
        yield [(table.c[name], INVOICES.c[name]) for name in names]


def is_owned(pairs: list[Pair]) -> ColumnElement[bool]:
    """The row belongs to none that is hidden. It looks up that one row: the hidden ones may be too many to list."""
    owner = pairs[0][1].table.alias()
    hidden = ClauseAdapter(owner).traverse(~condition_of(pairs[0][1].table))
    same = (column == owner.c[other.name] for column, other in pairs)
    return ~exists().select_from(owner).where(*same, hidden).correlate_except(owner)


def visible_rows(mapped: type[Base]) -> ColumnElement[bool]:
    # SQLAlchemy tries it on the base class once, which has no table.
    table = getattr(mapped, "__table__", None)
    return EVERY_ROW if table is None else condition_of(table)


HIDE = with_loader_criteria(Base, visible_rows, include_aliases=True, track_closure_variables=False)


@event.listens_for(Session, "do_orm_execute")
def hide_rehearsals(state: ORMExecuteState) -> None:
    if state.is_select and not state.is_column_load and not state.session.info.get(SHOWS_REHEARSALS):
        state.statement = state.statement.options(HIDE)


@contextmanager
def full_transaction() -> Iterator[Session]:
    """A write transaction that sees the throw-away clients of rehearsals like any other client.

    For the rehearsal itself, and for jobs whose work is done for every client and shown to nobody.
    """
    with transaction() as session:
        before = session.info.get(SHOWS_REHEARSALS, False)
        session.info[SHOWS_REHEARSALS] = True
        try:
            yield session
        finally:
            session.info[SHOWS_REHEARSALS] = before


def shows_rehearsals(database: Database) -> bool:
    """Whether statements in plain SQL are to see throw-away clients here."""
    return isinstance(database, Session) and bool(database.info.get(SHOWS_REHEARSALS))


def is_rehearsal(database: Database, client_id: int) -> bool:
    """Whether this is a throw-away client of a rehearsal, about which nobody is told anything."""
    return bool(rehearsal_clients(database, (client_id,)))


def rehearsal_clients(database: Database, client_ids: Collection[int]) -> frozenset[int]:
    """Those of these clients that are throw-away clients of a rehearsal."""
    return frozenset(database.execute(HIDDEN_CLIENTS.where(CLIENTS.c.id.in_(client_ids))).scalars())
