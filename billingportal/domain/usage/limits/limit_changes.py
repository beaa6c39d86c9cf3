"""Has limits looked at again after the limits themselves changed."""

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.models import ClientUsage


def look_again(session: Session, client_id: int, resource_ids: Collection[int]) -> None:
    """Have the client's use of these resources looked at again. Its rows are locked in the order of their resources.

    The revision stays: the use has not changed. `checked_revision` goes down instead, so that a worker that looked with
    the limits of before does not take its look for the newest one.
    """
    if not resource_ids:
        return
    mine = (ClientUsage.client_id == client_id, ClientUsage.resource_id.in_(resource_ids))
    ids = session.scalars(select(ClientUsage.id).where(*mine).order_by(ClientUsage.resource_id).with_for_update()).all()
    if ids:
        changed = (
            update(ClientUsage).where(ClientUsage.id.in_(ids)).values(checked_revision=ClientUsage.checked_revision - 1)
        )
        session.execute(changed.execution_options(synchronize_session=False))
