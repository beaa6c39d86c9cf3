"""Looks at every use that has changed, tells the limits that it came to, and ends the notices that are over.

A row with news gets a transaction of its own: it is locked alone, so reports of usage wait for one notice, not for a
batch. The others are marked as looked at together, without waiting for rows that a report holds.
"""

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.limit_notices import delivery
from billingportal.domain.limit_notices.uses import ClientUse, changes_of, open_notices, uses
from billingportal.domain.usage.quota_bars import share
from billingportal.models import Client, ClientUsage, LimitNotice
from billingportal.models.usage.limit_notice import LimitStage

BATCH = 200
# Larger shares say no more, and would not fit into the column.
MOST_PERCENT = 10**9


def check_limits(transaction: Transaction, base_url: str = "") -> None:
    """Look at all rows that changed since they were last looked at, in batches.

    `base_url` is the address of the portal, for links in outgoing webhooks; empty where it is not known.
    """
    after_id: int | None = 0
    while after_id is not None:
        after_id = check_batch(transaction, after_id, base_url)


def check_batch(transaction: Transaction, after_id: int, base_url: str) -> int | None:
    """Look at the next rows; the id of the last one, or None at the end."""
    with transaction() as session:
        found = uses(session, changed_rows(after_id), fresh=True)
        notices = open_notices(session, {one.client.id for one in found})
        news = {
            one.row.id: one.client.id
            for one in found
            if changes_of(one, notices.get((one.client.id, one.resource.id), []))
        }
        mark_checked(session, {one.row.id: one for one in found if one.row.id not in news})
        last_id = found[-1].row.id if len(found) == BATCH else None
    for row_id, client_id in news.items():
        with transaction() as session:
            lock(session, row_id, client_id)
            tell(session, row_id, base_url)
    return last_id


def changed_rows(after_id: int) -> Select[ClientUsage]:
    return (
        select(ClientUsage)
        .where(ClientUsage.revision != ClientUsage.checked_revision, ClientUsage.id > after_id)
        .order_by(ClientUsage.id)
        .limit(BATCH)
    )


def mark_checked(session: Session, quiet: dict[int, ClientUse]) -> None:
    """Write that these rows were looked at. A row that is locked, or has changed since, is looked at again later."""
    free = session.execute(
        select(ClientUsage.id, ClientUsage.revision, ClientUsage.checked_revision)
        .where(ClientUsage.id.in_(quiet))
        .order_by(ClientUsage.id)
        .with_for_update(skip_locked=True)
    ).all()
    changes = [
        {"id": row_id, "checked_revision": revision, "limit_percent": percent_of(quiet[row_id])}
        for row_id, revision, checked in free
        if (revision, checked) == (quiet[row_id].row.revision, quiet[row_id].row.checked_revision)
    ]
    if changes:
        session.execute(update(ClientUsage), changes)


def percent_of(one: ClientUse) -> int:
    return min(share(one.use.used, one.use.quota), MOST_PERCENT)


def lock(session: Session, row_id: int, client_id: int) -> None:
    """Lock the client and then its row, as evaluations do. The client's lock keeps its events in their order."""
    session.scalar(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    session.scalar(select(ClientUsage.id).where(ClientUsage.id == row_id).with_for_update())


def tell(session: Session, row_id: int, base_url: str) -> None:
    """Tell what is new about one row, and end what is over. Another worker may have done it meanwhile."""
    found = uses(session, select(ClientUsage).where(ClientUsage.id == row_id), fresh=True)
    for one in found:
        news = changes_of(one, open_notices(session, [one.client.id]).get((one.client.id, one.resource.id), []))
        for notice in news.left:
            notice.cleared_at = now()
        notices = [add_notice(session, one, stage) for stage in news.reached]
        one.row.checked_revision, one.row.limit_percent = one.row.revision, percent_of(one)
        session.flush()
        delivery.deliver(session, one, notices, base_url)


def add_notice(session: Session, one: ClientUse, stage: LimitStage) -> LimitNotice:
    notice = LimitNotice(
        client_id=one.client.id,
        resource_id=one.resource.id,
        period_starts_at=one.row.period_starts_at,
        stage=stage,
        used=one.use.used,
        quota=one.use.limit_of(stage) or 0,
        noticed_at=now(),
    )
    session.add(notice)
    return notice
