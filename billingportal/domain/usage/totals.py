"""How much a client uses of each resource now, by one indexed read."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from billingportal.models import ClientUsage


def usage_of(session: Session, client_id: int) -> dict[int, int]:
    """Usage by resource id. Resources that were never used are left out."""
    return used_by(session, [client_id]).get(client_id, {})


def used_by(session: Session, client_ids: Sequence[int] | Select[int]) -> dict[int, dict[int, int]]:
    """The same for many clients, with one query. Clients that never used anything are left out."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    wanted = select(ClientUsage.client_id, ClientUsage.resource_id, ClientUsage.used)
    for client_id, resource_id, used in session.execute(wanted.where(ClientUsage.client_id.in_(client_ids))):
        found[client_id][resource_id] = used
    return dict(found)
