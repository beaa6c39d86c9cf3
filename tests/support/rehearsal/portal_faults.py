"""Faults of the portal: each replaces one of its functions by one that does its work wrongly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billingportal.domain.dunning.ladder import Ladder, Rung, rung
from billingportal.domain.entitlements import evaluation, inputs, rules
from billingportal.domain.entitlements.facts import ClientFacts, Entitled, PlanFacts, Quota
from billingportal.domain.sync import apply, ordering
from billingportal.domain.sync.ordering import EventSnapshot, StoredState, Verdict
from billingportal.stripe_gateway.objects.copies import InvoiceCopy

Patch = pytest.MonkeyPatch
FROM_SUBSCRIPTIONS = "subscription"


def apply_no_limit(patch: Patch) -> None:
    """What is paid for has no limits."""

    def wrong(facts: ClientFacts, moment: datetime) -> Entitled:
        right = rules.entitled(facts, moment)
        if right.source != FROM_SUBSCRIPTIONS:
            return right
        return replace(right, quotas={key: replace(one, quota=None) for key, one in right.quotas.items()})

    patch.setattr(evaluation, "entitled", wrong)


def apply_before_payment(patch: Patch) -> None:
    """A subscription whose first payment waits counts as paid."""

    def wrong(facts: ClientFacts, moment: datetime) -> Entitled:
        held = facts.subscription
        if held is not None and held.status == "incomplete":
            facts = replace(facts, subscription=replace(held, status="active", proven=held.shown))
        return rules.entitled(facts, moment)

    patch.setattr(evaluation, "entitled", wrong)


def keep_after_end(patch: Patch) -> None:
    """Whoever once paid keeps the plan."""
    paid: dict[str, Entitled] = {}

    def wrong(facts: ClientFacts, moment: datetime) -> Entitled:
        right, held = rules.entitled(facts, moment), facts.subscription
        if held is None:
            return right
        if right.source == FROM_SUBSCRIPTIONS:
            paid[held.stripe_subscription_id] = right
        before = paid.get(held.stripe_subscription_id)
        if held.status != "canceled" or before is None:
            return right
        return replace(right, plan=before.plan, source=before.source, quotas=before.quotas)

    patch.setattr(evaluation, "entitled", wrong)


def ignore_bought(patch: Patch) -> None:
    """The plan's own quota counts, however many units were bought."""

    def wrong(plan: PlanFacts | None, resource_id: int, number: int) -> Quota:
        return plan.quotas[resource_id] if plan is not None else Quota(number, "block", "bought")

    patch.setattr(rules, "bought", wrong)


def hurry_ladder(patch: Patch) -> None:
    """Each step of failed payments is taken a day early."""

    def wrong(steps: Ladder, failing_since: datetime | None, moment: datetime) -> Rung:
        return rung(steps, failing_since, moment + timedelta(days=1))

    patch.setattr(rules, "rung", wrong)


def take_older_events(patch: Patch) -> None:
    """An event about an open invoice replaces what is newer, if it comes late."""

    def wrong(held: StoredState | None, seen: EventSnapshot) -> Verdict:
        is_open = isinstance(seen.copy, InvoiceCopy) and seen.copy.status == "open"
        return Verdict.ABSORB if is_open else ordering.judge_event(held, seen)

    patch.setattr(apply, "judge_event", wrong)


def forget_default_plan(patch: Patch) -> None:
    """A client without a subscription has no plan."""
    patch.setattr(inputs, "base_of", lambda *given: None)


PORTAL_FAULTS: dict[str, Callable[[Patch], None]] = {
    "limit_not_applied": apply_no_limit,
    "limit_before_payment": apply_before_payment,
    "limit_after_end": keep_after_end,
    "bought_quantity_ignored": ignore_bought,
    "ladder_day_early": hurry_ladder,
    "older_event_taken": take_older_events,
    "default_plan_forgotten": forget_default_plan,
}
