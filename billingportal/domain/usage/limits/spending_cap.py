"""A client's own limit on use that is billed. It applies at once and in every billing period, until it is changed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.plurals import counted
from billingportal.errors import Refusal
from billingportal.models import ClientUsage, EntitledQuota, Resource

MOST = 10**12


def set_spending_cap(session: Session, client_id: int, resource_id: int, cap: int | None) -> None:
    """Set the cap in units, the included ones among them; None lifts it. Written down as an act of the client's.

    Raises Refusal naming the field for a cap below what is used or promised, and where more use is not billed.
    """
    resource = session.get_one(Resource, resource_id)
    refuse_unbilled(session, client_id, resource_id)
    row = locked_row(session, client_id, resource_id)
    if cap is not None and cap < row.used + row.reserved:
        least = row.used + row.reserved
        words = f"You have already used {least:,} in this period. Enter {least:,} or more."
        raise Refusal("cap", words)
    if cap is not None and not 1 <= cap <= MOST:
        raise Refusal("cap", f"Enter a number from 1 to {MOST:,}.")
    if row.spending_cap == cap:
        return
    row.spending_cap, row.changed_at, row.revision = cap, now(), row.revision + 1
    done = (
        f"Set a spending cap of {counted(cap, resource.unit)}" if cap else f"Lifted the spending cap on {resource.unit}"
    )
    act = audit.Act("client.spending_cap_set", done, actor="client", subject=("client", client_id))
    audit.record_act(session, act)


def refuse_unbilled(session: Session, client_id: int, resource_id: int) -> None:
    """Raises Refusal unless use beyond the client's quota is billed."""
    reaction = session.scalar(
        select(EntitledQuota.reaction).where(
            EntitledQuota.client_id == client_id, EntitledQuota.resource_id == resource_id
        )
    )
    if reaction != "bill":
        raise Refusal("", "Your plan no longer bills this, so there is nothing to cap.")


def locked_row(session: Session, client_id: int, resource_id: int) -> ClientUsage:
    """The row that limits are held against, locked. It is made where nothing was used yet."""
    mine = select(ClientUsage).where(ClientUsage.client_id == client_id, ClientUsage.resource_id == resource_id)
    row = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if row is None:
        row = ClientUsage(
            client_id=client_id, resource_id=resource_id, used=0, reserved=0, revision=0, changed_at=now()
        )
        session.add(row)
    return row
