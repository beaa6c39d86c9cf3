"""A client's own limit, in units, on use that is billed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.plans.terms import LARGEST_QUOTA
from billingportal.domain.usage.counting.use_rows import lock_rows
from billingportal.errors import Refusal
from billingportal.models import ClientUsage, EntitledQuota, Resource


def set_spending_cap(session: Session, client_id: int, resource_id: int, units: int | None) -> ClientUsage:
    """Set how much of a billed resource the client uses at most; None removes the cap.

    Raises Refusal when the resource is not billed, or the cap is below what is used and reserved.
    """
    quota = session.scalar(
        select(EntitledQuota).where(EntitledQuota.client_id == client_id, EntitledQuota.resource_id == resource_id)
    )
    if units is not None and (quota is None or quota.reaction != "bill"):
        raise Refusal("spending_cap", "Only resources whose use is billed have a spending cap.")
    if units is not None and not 0 <= units <= LARGEST_QUOTA:
        raise Refusal("spending_cap", "A spending cap is a whole number, 0 or more.")
    row = locked_use(session, client_id, resource_id)
    if units == row.spending_cap:
        return row
    if units is not None and units < row.used + row.reserved:
        least = row.used + row.reserved
        words = f"You have already used {least:,} in this period. Enter {least:,} or more."
        raise Refusal("spending_cap", words)
    before, row.spending_cap = row.spending_cap, units
    row.revision, row.changed_at = row.revision + 1, now()
    session.flush()
    record_cap(session, row, before)
    return row


def locked_use(session: Session, client_id: int, resource_id: int) -> ClientUsage:
    lock_rows(session, {(client_id, resource_id)}, now())
    wanted = (ClientUsage.client_id == client_id) & (ClientUsage.resource_id == resource_id)
    return session.scalars(select(ClientUsage).where(wanted).execution_options(populate_existing=True)).one()


def record_cap(session: Session, row: ClientUsage, before: int | None) -> None:
    unit, after = session.get_one(Resource, row.resource_id).unit, row.spending_cap
    words = f"Removed the spending cap of {unit}" if after is None else f"Set the spending cap to {after:,} {unit}"
    if before is not None:
        words += f", it was {before:,}"
    subject = ("client", row.client_id)
    audit.record_act(session, audit.Act("spending_cap.changed", f"{words}.", actor="client", subject=subject))
