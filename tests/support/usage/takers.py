"""Clients with limits, and what they take of them by reservations, straight in the domain."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from flask import Flask
from sqlalchemy import func, select, update

from billingportal import clock
from billingportal.db import bare_transaction, db, transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.common.references import Ref
from billingportal.domain.plans import resources
from billingportal.domain.plans.terms import Limit
from billingportal.domain.reservations import confirmation, expiry, reservations
from billingportal.domain.reservations.confirmation import Confirmed
from billingportal.domain.reservations.outcomes import Granted, Refused
from billingportal.domain.reservations.reservations import Wish
from billingportal.domain.usage.limits import pool_settings
from billingportal.models import Client, ClientUsage, Reservation, UsagePool, Workspace
from billingportal.models.plans.plan_quota import Reaction
from billingportal.models.plans.resource import ResourceKind
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import new_client

FIVE_MINUTES = 300
# A period that is over.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stand:
    """What is used and reserved."""

    used: int
    reserved: int


@dataclass(frozen=True)
class Taker:
    """A client with one workspace and a limit of one resource."""

    client_id: int
    workspace: str
    resource_id: int
    resource_key: str

    def reserve(self, quantity: int = 1, seconds: int = FIVE_MINUTES) -> Granted | Refused:
        wish = Wish(Ref(external_id=self.workspace), self.resource_key, quantity, seconds)
        with bare_transaction() as connection:
            return reservations.reserve(connection, "test", wish)

    def granted(self, quantity: int = 1, seconds: int = FIVE_MINUTES) -> int:
        """The id of a reservation that was granted."""
        outcome = self.reserve(quantity, seconds)
        assert isinstance(outcome, Granted)
        return outcome.reservation_id

    @property
    def stand(self) -> Stand:
        with db.engine.connect() as connection:
            wanted = (ClientUsage.client_id == self.client_id) & (ClientUsage.resource_id == self.resource_id)
            row = connection.execute(select(ClientUsage.used, ClientUsage.reserved).where(wanted)).first()
        return Stand(0, 0) if row is None else Stand(row.used, row.reserved)

    @property
    def is_true(self) -> bool:
        """Whether exactly the open reservations are reserved, of the client and of the pool."""
        with db.engine.connect() as connection:
            mine = (Reservation.client_id == self.client_id) & (Reservation.resource_id == self.resource_id)
            open_ = func.coalesce(func.sum(Reservation.quantity), 0)
            reserved = connection.scalar(select(open_).where(mine, Reservation.state == "reserved"))
            in_pool = connection.scalar(
                select(open_).where(
                    Reservation.resource_id == self.resource_id,
                    Reservation.state == "reserved",
                    Reservation.counts_in_pool,
                )
            )
            pool = connection.execute(select(UsagePool).where(UsagePool.resource_id == self.resource_id)).first()
        return self.stand.reserved == reserved and (pool is None or pool.reserved == in_pool)


class Takers:
    """Makes clients with limits."""

    def __init__(self, app: Flask, staff_id: int) -> None:
        self.app = app
        self.staff_id = staff_id
        self.numbers = count(1)
        self.workspace_ids: dict[str, int] = {}

    def resource(self, kind: ResourceKind) -> int:
        with transaction() as session:
            name = f"Units {next(self.numbers)}"
            return resources.create_resource(session, name, name.lower(), kind, staff_id=self.staff_id).id

    def taker(
        self,
        quota: int | None,
        reaction: Reaction = "block",
        kind: ResourceKind = "counter",
        resource_id: int | None = None,
    ) -> Taker:
        """A new client with a plan of its own that limits one resource."""
        number, resource_id = next(self.numbers), resource_id or self.resource(kind)
        limits = {resource_id: Limit(quota, reaction)}
        plan_id = new_plan(self.staff_id, f"Plan {number}", is_active=True, quotas=limits)
        name = f"client{number}"
        client_id = new_client(name, base_plan_id=plan_id, workspace_name=name, workspace_external_id=name)
        return Taker(client_id, name, resource_id, self.key_of(resource_id))

    def key_of(self, resource_id: int) -> str:
        with transaction() as session:
            return resources.find_resource(session, resource_id).key

    def set_pool(self, resource_id: int, ceiling: int | None) -> None:
        with transaction() as session:
            pool_settings.set_pool(session, "test", resource_id, ceiling, self.staff_id)

    def archive_workspace(self, taker: Taker) -> None:
        with transaction() as session:
            client = session.get_one(Client, taker.client_id)
            workspace_id = self.workspace_id(taker)
            workspaces.archive_workspace(session, client, workspace_id, author=by_staff(self.staff_id))

    def restore_workspace(self, taker: Taker) -> None:
        with transaction() as session:
            client = session.get_one(Client, taker.client_id)
            workspace_id = self.workspace_id(taker)
            workspaces.restore_workspace(session, client, workspace_id, author=by_staff(self.staff_id))

    def move_workspace(self, taker: Taker, target: Taker) -> None:
        with transaction() as session:
            client, other = session.get_one(Client, taker.client_id), session.get_one(Client, target.client_id)
            workspaces.move_workspace(session, client, self.workspace_id(taker), other, author=by_staff(self.staff_id))

    def workspace_id(self, taker: Taker) -> int:
        with db.engine.connect() as connection:
            return connection.scalars(select(Workspace.id).where(Workspace.external_id == taker.workspace)).one()


def release(reservation_id: int) -> None:
    with bare_transaction() as connection:
        reservations.release(connection, "test", reservation_id)


def confirm(reservation_id: int, quantity: int | None = None) -> Confirmed | Refused:
    with transaction() as session:
        return confirmation.confirm(session, "test", reservation_id, quantity)


def expire() -> int:
    """What the worker does."""
    with bare_transaction() as connection:
        return expiry.expire_due(connection, clock.now())


def run_out(reservation_ids: Iterable[int]) -> None:
    """Let the time of these reservations pass, one after the other: the portal never changes two at once like this."""
    past = clock.now() - timedelta(seconds=1)
    for reservation_id in reservation_ids:
        with transaction() as session:
            session.execute(update(Reservation).where(Reservation.id == reservation_id).values(expires_at=past))


def pool_of(resource_id: int) -> Stand:
    with db.engine.connect() as connection:
        row = connection.execute(select(UsagePool).where(UsagePool.resource_id == resource_id)).one()
    return Stand(row.used, row.reserved)
