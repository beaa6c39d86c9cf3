"""Evaluates clients' entitlements whenever something changes, and stores the result for quick reads.

Code that changes one client evaluates it in the same transaction. When many clients may be affected, or an object
of Stripe's has changed, clients are marked (see evaluation_queue); the worker evaluates them within a second.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.entitlements import change_log
from billingportal.domain.entitlements.facts import Entitled, Quota
from billingportal.domain.entitlements.inputs import Gathered, gather
from billingportal.domain.entitlements.paid_state import PaidState
from billingportal.domain.entitlements.rules import entitled
from billingportal.domain.subscriptions import change_state, checkout_state, client_clock
from billingportal.domain.subscriptions import departures as subscription_departures
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.domain.usage import subscription_periods
from billingportal.domain.usage import totals as usage_totals
from billingportal.domain.usage.limits import limit_changes
from billingportal.domain.usage.subscription_periods import Span
from billingportal.models import Client, EntitledQuota, Entitlement, Subscription
from billingportal.plain_json import JsonObject

BATCH = 50


def due_clients(session: Session, moment: datetime) -> list[int]:
    """The ids of up to BATCH clients that are due for evaluation, longest waiting first."""
    return list(
        session.scalars(
            select(Client.id).where(Client.evaluation_due_at <= moment).order_by(Client.evaluation_due_at).limit(BATCH)
        )
    )


def evaluate_due(session: Session, client_id: int, moment: datetime) -> Entitlement | None:
    """Evaluate a client; None when it is no longer due or another worker evaluates it."""
    client = session.scalar(
        select(Client)
        .where(Client.id == client_id, Client.evaluation_due_at <= moment)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return None if client is None else work_out(session, client)


def evaluate(session: Session, client_id: int) -> Entitlement:
    """Evaluate a client's entitlement and store it; other evaluations of the client wait.

    Lock no rows of Stripe's objects afterwards in the same transaction: events lock those first, then the client.
    """
    session.flush()
    client = session.scalars(
        select(Client)
        .where(Client.id == client_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    return work_out(session, client)


def work_out(session: Session, client: Client) -> Entitlement:
    checkout_state.follow_checkout(session, client)
    change_state.follow_change(session, client)
    subscription_departures.follow_departure(session, client)
    clock_time = client_clock.clock_time(session, client)
    moment = clock_time or now()
    before = session.scalar(
        select(Entitlement).where(Entitlement.client_id == client.id).execution_options(populate_existing=True)
    )
    gathered = gather(session, client, before, moment)
    follow_periods(session, client, gathered.main, moment)
    if before is not None:
        session.refresh(before, ["is_over_quota"])
    answer = entitled(gathered.facts, moment)
    told, known = change_log.remember_before(before), told_values(before) if before else None
    row = before or Entitlement(client_id=client.id, since=moment, revision=0, changed_at=now())
    write_entitlement(row, gathered, answer, moment)
    row.is_over_quota = is_over(answer, usage_totals.usage_of(session, client.id))
    if before is None:
        session.add(row)
    session.flush()
    limit_changes.look_again(session, client.id, write_quotas(row, answer))
    if known != told_values(row):
        row.revision, row.changed_at = row.revision + 1, now()
    # A test clock advances on its own; then Stripe sends an event.
    client.evaluation_due_at = None if clock_time else answer.changes_at
    session.flush()
    change_log.record_changes(session, client, told, row, answer)
    return row


def follow_periods(session: Session, client: Client, main: Subscription | None, moment: datetime) -> None:
    """Have counters add up in the period of the main subscription, or in calendar months once it has ended."""
    span = usage_span(main)
    ended_at = main.ended_at if main is not None else None
    subscription_periods.follow_subscription(session, client.id, span, moment if span else ended_at or moment)
    subscription_periods.refresh_counters(session, client.id, moment)


def usage_span(main: Subscription | None) -> Span | None:
    """The period of the item that is paid ahead, else of the metered one; of several the first to end."""
    if main is None or main.status not in LIVE_STATUSES:
        return None
    ahead = [item for item in main.items if item.quantity is not None] or main.items
    spans = [Span(item.period_started_at, item.period_ends_at) for item in ahead]
    return min((span for span in spans if span.starts_at < span.ends_at), key=lambda one: one.ends_at, default=None)


def write_entitlement(row: Entitlement, gathered: Gathered, answer: Entitled, moment: datetime) -> None:
    plan_id = answer.plan.plan_id if answer.plan else None
    if (row.plan_id, row.source) != (plan_id, answer.source):
        row.since = moment
    main = gathered.main
    held = gathered.facts.subscription
    row.plan_id, row.source = plan_id, answer.source
    row.access, row.standing = answer.access, answer.standing
    row.step, row.step_ends_at = answer.rung.step, answer.rung.ends_at
    row.failing_since = held.failing_since if held else None
    row.until, row.renews_at = answer.until, answer.renews_at
    row.processor_account_id = gathered.link.processor_account_id if gathered.link else None
    row.stripe_subscription_id = main.stripe_subscription_id if main else None
    row.other_subscriptions = list(gathered.others)
    row.proven = proven(gathered.proof)
    row.unread_stripe_invoice_id = gathered.unread_invoice_id
    row.reasons = list(answer.reasons)
    row.evaluated_at = now()


def told_values(row: Entitlement) -> tuple[object, ...]:
    """What the host platform is told of the row. `revision` grows when one of these changes."""
    quotas = {quota.resource_id: (quota.quota, quota.reaction, quota.source) for quota in row.quotas}
    return row.plan_id, row.access, row.standing, list(row.reasons), quotas


def proven(proof: PaidState | None) -> JsonObject:
    return proof.to_json() if proof else {}


def is_over(answer: Entitled, used: dict[int, int]) -> bool:
    """Whether a resource is used beyond its quota. Usage beyond a quota that is billed does not count."""
    return any(
        quota.quota is not None and quota.reaction != "bill" and used.get(resource_id, 0) > quota.quota
        for resource_id, quota in answer.quotas.items()
    )


def write_quotas(row: Entitlement, answer: Entitled) -> set[int]:
    """Change only the rows that differ. Returns the resources whose quota or reaction changed."""
    there = {quota.resource_id: quota for quota in row.quotas}
    gone = there.keys() - answer.quotas.keys()
    for resource_id in gone:
        row.quotas.remove(there[resource_id])
    changed = set(gone)
    for resource_id, wanted in answer.quotas.items():
        quota = there.get(resource_id)
        if quota is None or (quota.quota, quota.reaction) != (wanted.quota, wanted.reaction):
            changed.add(resource_id)
        if quota is None:
            quota = EntitledQuota(client_id=row.client_id, resource_id=resource_id)
            row.quotas.append(quota)
        take_over(quota, wanted)
    return changed


def take_over(quota: EntitledQuota, wanted: Quota) -> None:
    quota.quota, quota.reaction, quota.source = wanted.quota, wanted.reaction, wanted.source
