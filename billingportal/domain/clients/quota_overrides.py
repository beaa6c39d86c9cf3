"""Quotas granted to clients by staff. A grant lasts until its last day is over, or until staff end it."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from billingportal.domain.clients.clients import lock_client, record_client
from billingportal.domain.clients.manual_grants import checked_reason, end_of
from billingportal.domain.common.audit import by_staff
from billingportal.domain.common.dates import day
from billingportal.domain.entitlements import evaluation
from billingportal.domain.plans.terms import LARGEST_QUOTA
from billingportal.domain.subscriptions import client_clock
from billingportal.errors import Refusal
from billingportal.models import Client, QuotaOverride, Resource


def running_overrides(session: Session, client: Client) -> Sequence[QuotaOverride]:
    """The granted quotas that the client has now, by the client's clock."""
    moment = client_clock.moment_of(session, client)
    rows = session.scalars(
        select(QuotaOverride)
        .where(QuotaOverride.client_id == client.id, QuotaOverride.ended_at.is_(None))
        .order_by(QuotaOverride.resource_id)
        .options(joinedload(QuotaOverride.resource))
    )
    return [row for row in rows if row.expires_at is None or row.expires_at > moment]


def unended_override(session: Session, client_id: int, resource_id: int) -> QuotaOverride | None:
    return session.scalar(
        select(QuotaOverride).where(
            QuotaOverride.client_id == client_id,
            QuotaOverride.resource_id == resource_id,
            QuotaOverride.ended_at.is_(None),
        )
    )


def grant_quota(
    session: Session,
    client_id: int,
    resource_id: int | None,
    quota: int | None,
    reason: str,
    last_day: date | None,
    *,
    staff_id: int,
) -> QuotaOverride:
    """Grant a quota (None: unlimited), replacing an earlier grant. Repeating it has no effect. Raises Refusal."""
    client = lock_client(session, client_id)
    resource = session.get(Resource, resource_id) if resource_id is not None else None
    if resource is None or resource.is_hidden:
        raise Refusal("resource", "Choose a resource.")
    if quota is not None and not 0 <= quota <= LARGEST_QUOTA:
        raise Refusal("quota", "A quota is a whole number, 0 or more.")
    moment = client_clock.moment_of(session, client)
    clean, expires_at = checked_reason(reason), end_of(last_day, moment)
    before = unended_override(session, client.id, resource.id)
    if before is not None and (before.quota, before.reason, before.expires_at) == (quota, clean, expires_at):
        return before
    if before is not None:
        before.ended_at = moment
        session.flush()
    override = QuotaOverride(
        client_id=client.id,
        resource_id=resource.id,
        quota=quota,
        reason=clean,
        staff_id=staff_id,
        given_at=moment,
        expires_at=expires_at,
    )
    session.add(override)
    amount = "Unlimited" if quota is None else f"{quota:,}"
    until = f"until the end of {day(last_day)}" if last_day else "without an end"
    words = f"Gave {amount} {resource.unit} by hand, {until}: {clean}"
    record_client(session, client, "quota_override.given", words, by_staff(staff_id))
    evaluation.evaluate(session, client.id)
    return override


def end_override(session: Session, client_id: int, resource_id: int, *, staff_id: int) -> Client:
    """End the client's granted quota of a resource, if there is one. Raises Refusal."""
    client = lock_client(session, client_id)
    override = unended_override(session, client.id, resource_id)
    if override is not None:
        override.ended_at = client_clock.moment_of(session, client)
        words = f"Ended the quota of {override.resource.unit} given by hand"
        record_client(session, client, "quota_override.ended", words, by_staff(staff_id))
        evaluation.evaluate(session, client.id)
    return client
