"""Explains a client's entitlement in sentences for the pages."""

from collections.abc import Sequence

from billingportal.domain.common.dates import day
from billingportal.domain.dunning.ladder import Rung
from billingportal.domain.entitlements.facts import ClientFacts, Composition, Gift, Override, SubscriptionFacts


def reasons(
    facts: ClientFacts,
    gift: Gift | None,
    held: SubscriptionFacts | None,
    paid: Composition | None,
    step: Rung,
    overrides: Sequence[Override],
) -> list[str]:
    """The reasons as sentences, strongest first."""
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
    if held.proven is None:
        if held.status in ("active", "incomplete"):
            return "The subscription waits for its first payment. Nothing is granted before it is paid."
        return f"The subscription is {held.status.replace('_', ' ')} and was never paid for."
    if paid is None or paid.plan is None:
        prices = ", ".join(held.proven.items)
        return f"The subscription is paid for, but no plan has its price {prices}."
    words = {
        "trialing": "is on trial",
        "active": "is paid for",
        "past_due": "was paid for until its last payment failed",
        "unpaid": "was paid for until its last payments failed",
        "paused": "is paused",
    }[held.status]
    end = f", and ends on {day(held.ends_at)}" if held.ends_at else ""
    return f"The subscription {words} and means the plan {paid.plan.name}{end}.{waiting_words(held, held.proven)}"


def waiting_words(held: SubscriptionFacts, proven: Composition) -> str:
    """The change that is not paid yet, if any."""
    if proven.items == held.shown.items:
        return ""
    to = f" to {held.shown.plan.name}" if held.shown.plan and held.shown.plan != proven.plan else ""
    return f" A change of it{to} waits for its payment."


def ladder_words(step: Rung) -> str:
    what = {
        "grace": "everything keeps working",
        "warned": "everything keeps working, and the client was warned",
        "limited": "nothing new can be made",
        "suspended": "the client is suspended",
    }[step.step]
    end = f" until {day(step.restricts_at)}" if step.restricts_at else ""
    return f"The payment fails: {what}{end}."


def base_words(facts: ClientFacts) -> str:
    if facts.base is None:
        return "There is no paid subscription, and no default plan that is free."
    kind = "the default plan" if facts.is_default else "the free plan that was chosen"
    return f"Without a paid subscription, {kind} {facts.base.name} holds."


def override_words(override: Override) -> str:
    amount = "unlimited" if override.quota is None else f"{override.quota:,}"
    end = f" until {day(override.expires_at)}" if override.expires_at else ""
    return f"{override.resource_name}: {amount}{end}, given by hand: {override.reason}."
