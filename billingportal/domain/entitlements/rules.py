"""Decides what a client is entitled to. Pure functions: no clock, no database, no Stripe.

From the strongest to the weakest: suspended by staff; a plan granted by staff; the paid items of a subscription, as
far as its dunning step allows; the free plan that was chosen, or the default plan. Quotas granted by staff replace
single quotas of the plan that applies.
"""

from datetime import datetime

from billingportal.domain.dunning.ladder import SOUND, Rung, rung
from billingportal.domain.entitlements.explanation import reasons
from billingportal.domain.entitlements.facts import (
    ClientFacts,
    Composition,
    Entitled,
    Gift,
    Override,
    PlanFacts,
    Quota,
    SubscriptionFacts,
)
from billingportal.domain.subscriptions.status import LIVE_STATUSES
from billingportal.models.entitlements.entitlement import Access, PlanSource, Standing


def entitled(facts: ClientFacts, moment: datetime) -> Entitled:
    """The client's entitlement at a moment, with its reasons."""
    gift = facts.gift if facts.gift and is_running(facts.gift.expires_at, moment) else None
    held = facts.subscription if facts.subscription and facts.subscription.status in LIVE_STATUSES else None
    proven = held.proven if held else None
    paid = proven if proven and proven.plan else None
    step = rung(facts.ladder, held.failing_since, moment) if held and paid else SOUND
    plan, source = chosen(facts, gift, paid)
    access = access_of(facts, held, source, step)
    quotas = dict(plan.quotas) if plan else {}
    if source == "subscription" and paid:
        quotas |= {key: bought(plan, key, number) for key, number in paid.bought.items()}
    running = [one for one in facts.overrides if is_running(one.expires_at, moment)]
    quotas |= {one.resource_id: overridden(quotas.get(one.resource_id), one) for one in running}
    return Entitled(
        plan=plan,
        source=source,
        access=access,
        standing=standing_of(facts, gift, held),
        rung=step,
        quotas=quotas,
        until=until_of(gift, held, source),
        renews_at=held.renews_at if held and held.ends_at is None else None,
        reasons=tuple(reasons(facts, gift, held, paid, step, running)),
        changes_at=min(turning_points(facts, step, moment), default=None),
    )


def is_running(expires_at: datetime | None, moment: datetime) -> bool:
    return expires_at is None or moment < expires_at


def chosen(facts: ClientFacts, gift: Gift | None, paid: Composition | None) -> tuple[PlanFacts | None, PlanSource]:
    if gift is not None:
        return gift.plan, "comp"
    if paid is not None:
        return paid.plan, "subscription"
    return facts.base, "base" if facts.base else "none"


def access_of(facts: ClientFacts, held: SubscriptionFacts | None, source: PlanSource, step: Rung) -> Access:
    """Dunning restricts only a plan from a subscription, never a plan granted by staff."""
    if facts.suspended_since is not None:
        return "suspended"
    if source != "subscription" or held is None:
        return "full" if source != "none" else "limited"
    return "limited" if held.status == "paused" and step.access == "full" else step.access


def bought(plan: PlanFacts | None, resource_id: int, number: int) -> Quota:
    """The quantity bought is the quota, whatever the plan includes."""
    included = plan.quotas.get(resource_id) if plan else None
    return Quota(number, included.reaction if included else "block", "bought")


def overridden(included: Quota | None, override: Override) -> Quota:
    return Quota(override.quota, included.reaction if included else "block", "override")


def standing_of(facts: ClientFacts, gift: Gift | None, held: SubscriptionFacts | None) -> Standing:
    if facts.suspended_since is not None:
        return "suspended"
    if held is not None:
        return standing_by_subscription(held)
    if gift is not None:
        return "comp"
    if facts.is_buying or (facts.subscription and facts.subscription.status == "incomplete"):
        return "waiting"
    return "ended" if facts.had_subscription else "free"


def standing_by_subscription(held: SubscriptionFacts) -> Standing:
    if held.status == "active" and held.proven is None:
        return "waiting"
    if held.ends_at is not None and held.status in ("active", "trialing"):
        return "canceling"
    words: dict[str, Standing] = {
        "trialing": "trialing",
        "past_due": "past_due",
        "unpaid": "unpaid",
        "paused": "paused",
    }
    return words.get(held.status, "active")


def until_of(gift: Gift | None, held: SubscriptionFacts | None, source: PlanSource) -> datetime | None:
    if source == "comp" and gift is not None:
        return gift.expires_at
    if source == "subscription" and held is not None:
        return held.ends_at or (held.trial_ends_at if held.status == "trialing" else None)
    return None


def turning_points(facts: ClientFacts, step: Rung, moment: datetime) -> list[datetime]:
    """The future times at which time alone changes the result. Stripe sends events about its own changes."""
    found = [step.ends_at, *(one.expires_at for one in facts.overrides)]
    found.append(facts.gift.expires_at if facts.gift else None)
    return [one for one in found if one is not None and one > moment]
