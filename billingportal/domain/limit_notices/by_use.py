"""The clients that use most of one resource."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from billingportal.domain.common.lists.paging import PAGE, Page, offset_of, page_within
from billingportal.domain.limit_notices.uses import ClientUse, uses
from billingportal.models import Client, ClientUsage
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class ClientsByUse(Page[ClientUse]):
    """The clients that use a resource, `total` together."""

    total: int


def clients_by_use(session: Session, mode: Mode, resource_id: int, page: int) -> ClientsByUse:
    """One page, by what each client uses in its current period, or now."""
    ids = ids_of(mode, resource_id)
    of, total = session.execute(ids.with_only_columns(func.count(), func.coalesce(func.sum(ClientUsage.used), 0))).one()
    page = page_within(page, of)
    found = uses(session, ordered(ids).limit(PAGE).offset(offset_of(page)))
    return ClientsByUse(found, page, of, int(total))


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
