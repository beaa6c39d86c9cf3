"""Clients' use beside their limits, and the notices that are open about it, read for many rows at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billingportal.domain.limit_notices.stages import Changes, Use, changes
from billingportal.models import Client, ClientUsage, EntitledQuota, LimitNotice, Resource
from billingportal.models.usage.limit_notice import LimitStage


@dataclass(frozen=True)
class ClientUse:
    """One row of `client_usage` with its limits. `is_told`: warnings are given about it at all."""

    row: ClientUsage
    client: Client
    resource: Resource
    use: Use


def uses(session: Session, rows: Select[ClientUsage], *, fresh: bool = False) -> list[ClientUse]:
    """The chosen rows of `client_usage` with client, resource and limits, in their order. One query."""
    joined = (
        rows.join(Client, Client.id == ClientUsage.client_id)
        .join(Resource, Resource.id == ClientUsage.resource_id)
        .outerjoin(
            EntitledQuota,
            (EntitledQuota.client_id == ClientUsage.client_id) & (EntitledQuota.resource_id == ClientUsage.resource_id),
        )
        .add_columns(Client, Resource, EntitledQuota)
        .execution_options(populate_existing=fresh)
    )
    return [
        ClientUse(row, client, resource, use_of(row, client, resource, quota))
        for row, client, resource, quota in session.execute(joined)
    ]


def use_of(row: ClientUsage, client: Client, resource: Resource, quota: EntitledQuota | None) -> Use:
    """A client without an entitled quota has no limit to be told of, nor has one that is archived."""
    is_told = quota is not None and client.archived_at is None and not resource.is_hidden
    return Use(
        used=row.used,
        quota=quota.quota if quota else None,
        reaction=quota.reaction if quota else "block",
        cap=row.spending_cap,
        told=told_stages(resource) if is_told else frozenset(),
    )


def told_stages(resource: Resource) -> frozenset[LimitStage]:
    """The stages that staff want warnings for. A client's own cap is always told."""
    chosen: dict[LimitStage, bool] = {
        "warning": resource.warns_at_80,
        "reached": resource.warns_at_100,
        "exceeded": resource.warns_above_100,
        "cap": True,
    }
    return frozenset(stage for stage, is_on in chosen.items() if is_on)


Open = dict[tuple[int, int], list[LimitNotice]]


def open_notices(session: Session, client_ids: Iterable[int]) -> Open:
    """The notices that are not over, by client and resource, with one query."""
    found: Open = {}
    mine = select(LimitNotice).where(LimitNotice.client_id.in_(set(client_ids)), LimitNotice.cleared_at.is_(None))
    for notice in session.scalars(mine.order_by(LimitNotice.id)):
        found.setdefault((notice.client_id, notice.resource_id), []).append(notice)
    return found


def changes_of(one: ClientUse, notices: Sequence[LimitNotice]) -> Changes:
    """What to tell of this row, and which of its open notices are over."""
    current = [notice for notice in notices if notice.period_starts_at == one.row.period_starts_at]
    earlier = [notice for notice in notices if notice.period_starts_at != one.row.period_starts_at]
    return changes(one.use, current, earlier)
