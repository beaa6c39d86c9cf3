"""The clients that use most of one resource."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billingportal.domain.limit_notices.uses import ClientUse, uses
from billingportal.models import Client, ClientUsage
from billingportal.models.connection.processor_account import Mode

PAGE = 10


@dataclass(frozen=True)
class ClientsByUse:
    """`of` clients use the resource, `total` together."""

    rows: Sequence[ClientUse]
    page: int
    of: int
    total: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def has_more(self) -> bool:
        return self.last < self.of


def clients_by_use(session: Session, mode: Mode, resource_id: int, page: int) -> ClientsByUse:
    """One page, by what each client uses in its current period, or now."""
    ids = ids_of(mode, resource_id)
    of, total = session.execute(ids.with_only_columns(func.count(), func.coalesce(func.sum(ClientUsage.used), 0))).one()
    page = min(page, max(-(-of // PAGE), 1))
    return ClientsByUse(uses(session, ordered(ids).limit(PAGE).offset((page - 1) * PAGE)), page, of, int(total))


def all_clients(session: Session, mode: Mode, resource_id: int) -> list[ClientUse]:
    """All of them, for a file."""
    return uses(session, ordered(ids_of(mode, resource_id)))


def ids_of(mode: Mode, resource_id: int) -> Select[int]:
    return (
        select(ClientUsage.id)
        .join(Client, Client.id == ClientUsage.client_id)
        .where(ClientUsage.resource_id == resource_id, Client.mode == mode, ClientUsage.used > 0)
    )


def ordered(ids: Select[int]) -> Select[ClientUsage]:
    return select(ClientUsage).where(ClientUsage.id.in_(ids)).order_by(ClientUsage.used.desc(), ClientUsage.id)
