"""Records each change of a client's entitlement with its reason, and emails the client about it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.common import audit
from billingportal.domain.dunning import emails as dunning_emails
from billingportal.domain.dunning.emails import Footing
from billingportal.domain.entitlements.facts import Entitled
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.subscriptions.status_text import standing_words
from billingportal.models import Client, Entitlement
from billingportal.models.entitlements.entitlement import Access, LadderStep, PlanSource, Standing
from billingportal.plain_json import JsonObject

STEP_WORDS: dict[LadderStep, str] = {
    "none": "The payment went through: everything works as before",
    "grace": "A payment failed; everything keeps working for now",
    "warned": "The payment still fails: the client is warned",
    "limited": "The payment still fails: nothing new can be made",
    "suspended": "The payment still fails: the client is suspended",
}
Limits = dict[int, int | None]


@dataclass(frozen=True)
class Before:
    """The entitlement before the evaluation."""

    plan_id: int | None
    plan_name: str | None
    source: PlanSource
    access: Access
    standing: Standing
    step: LadderStep
    limits: Limits
    footing: Footing


def remember_before(row: Entitlement | None) -> Before | None:
    """A copy of the row's values, to compare with once the row is changed."""
    if row is None:
        return None
    return Before(
        plan_id=row.plan_id,
        plan_name=row.plan.name if row.plan else None,
        source=row.source,
        access=row.access,
        standing=row.standing,
        step=row.step,
        limits=limits_of(row),
        footing=Footing.of(row),
    )


def limits_of(row: Entitlement) -> Limits:
    return {quota.resource_id: quota.quota for quota in row.quotas}


def record_changes(session: Session, client: Client, before: Before | None, row: Entitlement, answer: Entitled) -> None:
    """Write the emails that are due, and an audit entry per change with the first reason as its cause."""
    after_name = answer.plan.name if answer.plan else None
    cause = answer.reasons[0] if answer.reasons else ""
    dunning_emails.write_if_due(session, client, before.footing if before else None, Footing.of(row))
    if before is None:
        record_entitlement(session, client, "entitlement.started", f"Plan {after_name or 'none'}", cause, {})
        return
    if (before.plan_id, before.source) != (row.plan_id, row.source):
        words = f"Plan {after_name or 'none'} instead of {before.plan_name or 'none'}"
        if before.plan_id == row.plan_id:
            words = f"Plan {after_name or 'none'} from another source"
        record_entitlement(
            session, client, "entitlement.plan_changed", words, cause, {"from": before.source, "to": row.source}
        )
    elif before.limits != limits_of(row):
        details = quota_details(before.limits, limits_of(row))
        record_entitlement(session, client, "entitlement.quotas_changed", "Other quotas", cause, details)
    if before.standing != row.standing:
        words = f"Status: {standing_words(row.standing).words}"
        record_entitlement(session, client, "entitlement.standing_changed", words, cause, {"from": before.standing})
        if row.standing == "ended":
            ended = mail_messages.subscription_ended(before.plan_name or "", present_plan=after_name)
            mail_messages.post(session, client, f"ended:{row.stripe_subscription_id}", ended)
    if before.step != row.step:
        record_entitlement(
            session, client, "entitlement.step_changed", STEP_WORDS[row.step], cause, {"from": before.step}
        )


def quota_details(before: Limits, after: Limits) -> JsonObject:
    """The quotas that differ, by resource id as text; null is unlimited."""
    return {
        str(key): [before.get(key), after.get(key)]
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key) or (key in before) != (key in after)
    }


def record_entitlement(
    session: Session, client: Client, action: str, words: str, cause: str, details: JsonObject
) -> None:
    summary = f"{words}. {cause}" if cause else f"{words}."
    audit.record_act(session, audit.Act(action, summary, actor="sync", subject=("client", client.id), details=details))
