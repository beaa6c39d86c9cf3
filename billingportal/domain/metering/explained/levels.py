"""The levels of a client's workspaces at one moment."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.usage.history.client_days import levels_before
from billingportal.models import Resource, UsageRecord


def level_by_workspace(session: Session, client_id: int, resource: Resource, moment: datetime) -> Counter[int | None]:
    """The last level of each workspace before the moment (None: of the client as a whole). Archived ones are left out.

    The stored days tell each day's last level; of the moment's own day, the records tell what came before it.
    """
    day = moment.date()
    levels = levels_before(session, {client_id}, {resource.id}, day)
    records = session.execute(
        select(UsageRecord.workspace_id, UsageRecord.amount)
        .where(
            UsageRecord.client_id == client_id,
            UsageRecord.resource_id == resource.id,
            UsageRecord.at >= datetime(day.year, day.month, day.day, tzinfo=moment.tzinfo),
            UsageRecord.at < moment,
            UsageRecord.taken_back_at.is_(None),
        )
        .order_by(UsageRecord.at, UsageRecord.id)
    )
    for workspace_id, amount in records:
        levels.report(client_id, resource.id, workspace_id, amount)
    latest = levels.latest.get((client_id, resource.id), {})
    return Counter(
        {
            workspace_id: used
            for workspace_id, used in latest.items()
            if workspace_id is None or workspace_id not in levels.archived or levels.archived[workspace_id] > day
        }
    )
