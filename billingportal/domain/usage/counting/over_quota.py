"""Keeps `entitlement.is_over_quota` in step with what clients use."""

from collections.abc import Collection

from sqlalchemy import exists, select, update

from billingportal.db import Database
from billingportal.models import ClientUsage, EntitledQuota, Entitlement


def refresh_over_quota(database: Database, client_ids: Collection[int]) -> None:
    """Write whether these clients use more than a quota that is not billed.

    The rows are locked first: the second statement then sees what others, who changed other resources of the same
    client, have committed.
    """
    if not client_ids:
        return
    mine = Entitlement.client_id.in_(sorted(client_ids))
    order = Entitlement.client_id
    database.execute(select(Entitlement.id).where(mine).order_by(order).with_for_update(key_share=True)).all()
    over = exists(
        select(EntitledQuota.id)
        .join(
            ClientUsage,
            (ClientUsage.client_id == EntitledQuota.client_id) & (ClientUsage.resource_id == EntitledQuota.resource_id),
        )
        .where(
            EntitledQuota.client_id == Entitlement.client_id,
            EntitledQuota.reaction != "bill",
            ClientUsage.used > EntitledQuota.quota,
        )
    )
    changed = update(Entitlement).where(mine, Entitlement.is_over_quota != over).values(is_over_quota=over)
    database.execute(changed.execution_options(synchronize_session=False))
