"""Compares a client's stored entitlement with one that is worked out afresh. Changes nothing."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements.facts import Entitled, Quota
from billingportal.domain.entitlements.inputs import gather
from billingportal.domain.entitlements.rules import entitled
from billingportal.domain.subscriptions import client_clock
from billingportal.models import Client, Entitlement


@dataclass(frozen=True)
class Differing:
    """The stored row and the fresh answer, which differ. `quotas` are the ids of the resources whose quota differs."""

    stored: Entitlement
    fresh: Entitled
    quotas: tuple[int, ...]


def compare_stored(session: Session, client: Client) -> Differing | None:
    """The difference; None where both agree. A client without a stored entitlement is evaluated soon."""
    stored = session.scalar(select(Entitlement).where(Entitlement.client_id == client.id))
    if stored is None:
        return None
    moment = client_clock.moment_of(session, client)
    fresh = entitled(gather(session, client, stored, moment).facts, moment)
    quotas = differing_quotas(stored, fresh)
    plan_id = fresh.plan.plan_id if fresh.plan else None
    was = (stored.plan_id, stored.source, stored.access, stored.standing, stored.step)
    if not quotas and was == (plan_id, fresh.source, fresh.access, fresh.standing, fresh.rung.step):
        return None
    return Differing(stored, fresh, quotas)


def differing_quotas(stored: Entitlement, fresh: Entitled) -> tuple[int, ...]:
    was = {row.resource_id: Quota(row.quota, row.reaction, row.source) for row in stored.quotas}
    ids = sorted(was.keys() | fresh.quotas.keys())
    return tuple(resource_id for resource_id in ids if was.get(resource_id) != fresh.quotas.get(resource_id))
