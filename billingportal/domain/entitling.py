"""What a client is entitled to: the one function that decides. Pure: no clock, no database, no Stripe.

From the strongest to the weakest: suspended by staff; a plan given by hand; what a subscription has been paid for, as
far as the ladder of a failing payment allows; the free plan that was chosen, or the default plan. Quotas given by hand
replace single quotas of whatever plan holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billingportal.domain.day_words import day
from billingportal.domain.ladder import SOUND, Ladder, Rung, rung
from billingportal.models.entitled_quota import QuotaSource
from billingportal.models.entitlement import Access, PlanSource, Standing
from billingportal.models.plan_quota import Reaction

RUNNING = ("trialing", "active", "past_due", "unpaid", "paused")
FAILING = ("past_due", "unpaid")


@dataclass(frozen=True)
class Quota:
    """How much of a resource may be used: None is unlimited."""

    quota: int | None
    reaction: Reaction
    source: QuotaSource = "plan"


@dataclass(frozen=True)
class PlanFacts:
    """A plan as it is for this client: its changes may not concern everybody."""

    plan_id: int
    name: str
    position: int
    quotas: Mapping[int, Quota]


@dataclass(frozen=True)
class Gift:
    """A plan given by hand."""

    plan: PlanFacts
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Override:
    """A quota given by hand."""

    resource_id: int
    resource_name: str
    quota: int | None
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Composition:
    """Prices of a subscription with their quantities, the plan they mean and the numbers of resources they sell."""

    plan: PlanFacts | None
    items: Mapping[str, int | None]
    bought: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SubscriptionFacts:
    """The client's subscription. `shown` is what Stripe says it consists of; `proven` what of it is known to be paid
    for, which is another composition while a change waits for its payment, and None if nothing ever was.

    `ends_at` is set when it will not renew. `failing_since` is set while a payment fails.
    """

    stripe_subscription_id: str
    status: str
    shown: Composition
    proven: Composition | None
    renews_at: datetime | None
    trial_ends_at: datetime | None
    ends_at: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True)
class ClientFacts:
    """All that counts. `base` is the free plan that was chosen, or the default plan, and `is_default` which of them."""

    suspended_since: datetime | None
    suspension_reason: str
    gift: Gift | None
    overrides: Sequence[Override]
    subscription: SubscriptionFacts | None
    had_subscription: bool
    is_buying: bool
    base: PlanFacts | None
    is_default: bool
    ladder: Ladder


@dataclass(frozen=True)
class Entitled:
    """The answer. `changes_at` is when time alone will change it."""

    plan: PlanFacts | None
    source: PlanSource
    access: Access
    standing: Standing
    rung: Rung
    quotas: Mapping[int, Quota]
    until: datetime | None
    renews_at: datetime | None
    reasons: tuple[str, ...]
    changes_at: datetime | None


def entitled(facts: ClientFacts, moment: datetime) -> Entitled:
    """What the client is entitled to at a moment, and the chain of why."""
    gift = facts.gift if facts.gift and is_running(facts.gift.expires_at, moment) else None
    held = facts.subscription if facts.subscription and facts.subscription.status in RUNNING else None
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
    """Only what the subscription gives is taken step by step: a gift stays a gift."""
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
    """The moments to come at which time alone changes the answer. What Stripe does at its times, Stripe tells."""
    found = [step.ends_at, *(one.expires_at for one in facts.overrides)]
    found.append(facts.gift.expires_at if facts.gift else None)
    return [one for one in found if one is not None and one > moment]


def reasons(
    facts: ClientFacts,
    gift: Gift | None,
    held: SubscriptionFacts | None,
    paid: Composition | None,
    step: Rung,
    overrides: Sequence[Override],
) -> list[str]:
    """The chain in words, the strongest reason first."""
    found: list[str] = []
    if facts.suspended_since is not None:
        found.append(f"Suspended since {day(facts.suspended_since)}: {facts.suspension_reason or 'no reason given'}.")
    if gift is not None:
        end = f"until {day(gift.expires_at)}" if gift.expires_at else "without an end"
        found.append(f"The plan {gift.plan.name} was given by hand {end}: {gift.reason}.")
    if held is not None:
        found.append(words_of(held, paid))
    if step.step != "none":
        found.append(ladder_words(step))
    if gift is None and paid is None:
        found.append(base_words(facts))
    found += [override_words(one) for one in overrides]
    return found


def words_of(held: SubscriptionFacts, paid: Composition | None) -> str:
    name = held.stripe_subscription_id
    if held.proven is None:
        if held.status in ("active", "incomplete"):
            return f"The subscription {name} waits for its first payment. Nothing is granted before it is paid."
        return f"The subscription {name} is {held.status.replace('_', ' ')} and was never paid for."
    if paid is None or paid.plan is None:
        prices = ", ".join(held.proven.items)
        return f"The subscription {name} is paid for, but no plan has its price {prices}."
    words = {
        "trialing": "is on trial",
        "active": "is paid for",
        "past_due": "was paid for until its last payment failed",
        "unpaid": "was paid for until its last payments failed",
        "paused": "is paused",
    }[held.status]
    end = f", and ends on {day(held.ends_at)}" if held.ends_at else ""
    waiting = "" if held.proven.items == held.shown.items else " A change of it waits for its payment."
    return f"The subscription {name} {words} and means the plan {paid.plan.name}{end}.{waiting}"


def ladder_words(step: Rung) -> str:
    what = {
        "grace": "everything keeps working",
        "warned": "everything keeps working, and the client was warned",
        "limited": "nothing new can be made",
        "suspended": "the client is suspended",
    }[step.step]
    end = f" until {day(step.ends_at)}" if step.ends_at else ""
    return f"The payment fails: {what}{end}."


def base_words(facts: ClientFacts) -> str:
    if facts.base is None:
        return "There is no paid subscription, and no default plan."
    kind = "the default plan" if facts.is_default else "the free plan that was chosen"
    return f"Without a paid subscription, {kind} {facts.base.name} holds."


def override_words(override: Override) -> str:
    amount = "unlimited" if override.quota is None else f"{override.quota:,}"
    end = f" until {day(override.expires_at)}" if override.expires_at else ""
    return f"{override.resource_name}: {amount}{end}, given by hand: {override.reason}."
