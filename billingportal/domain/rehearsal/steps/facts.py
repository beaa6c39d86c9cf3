"""What the portal's rows say of a throw-away client, and the rows of comparison that many steps share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.rehearsal.comparison import check, moment_words
from billingportal.domain.rehearsal.promises import PromisedQuota
from billingportal.models import Entitlement, Resource, Subscription
from billingportal.plain_json import JsonObject


@dataclass(frozen=True)
class Access:
    """A client's entitlement as it is stored: what the host platform is told."""

    plan_id: int | None
    standing: str
    step: str
    access: str
    renews_at: datetime | None
    until: datetime | None
    quotas: Mapping[int, PromisedQuota]


def access_of(session: Session, client_id: int) -> Access:
    row = session.scalars(
        select(Entitlement).where(Entitlement.client_id == client_id).execution_options(populate_existing=True)
    ).one()
    quotas = {
        one.resource_id: PromisedQuota(one.resource.name, one.resource.unit, one.quota, one.reaction)
        for one in row.quotas
    }
    return Access(row.plan_id, row.standing, row.step, row.access, row.renews_at, row.until, quotas)


def subscription_of(session: Session, account_id: int, subscription_id: str) -> Subscription | None:
    return session.scalar(
        select(Subscription)
        .where(Subscription.processor_account_id == account_id, Subscription.stripe_subscription_id == subscription_id)
        .execution_options(populate_existing=True)
    )


def quota_words(quota: PromisedQuota | None) -> str:
    """`5,000, then blocked`."""
    if quota is None:
        return "none"
    if quota.quota is None:
        return "unlimited"
    then = {"block": "then no more", "warn": "then a warning", "bill": "then billed"}[quota.reaction]
    return f"{quota.quota:,} {quota.unit}, {then}"


def check_quotas(session: Session, promised: Mapping[int, PromisedQuota], seen: Access) -> list[JsonObject]:
    """One row for each resource that is promised or in force."""
    names = {one.id: (one.key, one.name) for one in session.scalars(select(Resource))}
    rows = []
    for resource_id in sorted(promised.keys() | seen.quotas.keys()):
        key, name = names.get(resource_id, (str(resource_id), "A resource that is gone"))
        wanted, found = promised.get(resource_id), seen.quotas.get(resource_id)
        rows.append(
            check(
                f"entitlement.{key}",
                f"{name} in force",
                quota_words(wanted),
                quota_words(found),
                why="The entitlement in force is not what the plan promises at this moment.",
                meaning=meaning_of(wanted, found),
                subject=f"{key}: {quota_words(found)}",
            )
        )
    return rows


def meaning_of(wanted: PromisedQuota | None, found: PromisedQuota | None) -> str:
    before, after = size_of(wanted), size_of(found)
    if after == before:
        return "A client meets another reaction when the quota is used up."
    return (
        "A client could use more than is paid for." if after > before else "A client would get less than is paid for."
    )


def size_of(quota: PromisedQuota | None) -> tuple[bool, int]:
    """To compare quotas by: unlimited is the largest."""
    return (quota is not None and quota.quota is None, (quota.quota or 0) if quota is not None else 0)


def check_standing(standing: str, seen: Access) -> JsonObject:
    return check(
        "status",
        "Status of the client",
        standing.replace("_", " "),
        seen.standing.replace("_", " "),
        why="The portal has another status for the client than this step leads to.",
        meaning="Pages and the host platform would show the wrong status.",
        subject=seen.standing,
    )


def check_access(access: str, step: str, seen: Access, subject: str = "") -> list[JsonObject]:
    """Access, and the step of the ladder; a later step that differs by the same `subject` has the same cause."""
    words = {"none": "payments are fine"}
    return [
        check("access", "Access", access, seen.access, why="Access differs from what the failed payment rules say."),
        check(
            "ladder",
            "Step of failed payments",
            words.get(step, step),
            words.get(seen.step, seen.step),
            subject=subject,
        ),
    ]


def check_renewal(renews_at: datetime | None, seen: Access) -> JsonObject:
    return check(
        "renewal",
        "Next renewal",
        moment_words(renews_at),
        moment_words(seen.renews_at),
        why="The client is shown another date than the period leads to.",
        meaning="A client would be charged on another day than the portal says.",
        subject=moment_words(seen.renews_at),
    )
