"""The rows of the list of plans, gathered in one place."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.offers.offers import Choice, Offer, OfferedPrice, offers
from billingportal.domain.plans import plans, quota_changes
from billingportal.domain.prices.price_text import number, period_words, price_words
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import Plan, PlanQuota
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class PlanRow:
    """One plan in the list. `reasons` say why it is not for sale, `warnings` which parts of it are not."""

    id: int
    name: str
    description: str
    state: str
    is_default: bool
    is_featured: bool
    prices: tuple[str, ...]
    quotas: tuple[str, ...]
    clients: int
    is_empty: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class PlanList:
    rows: tuple[PlanRow, ...]
    archived_count: int
    default_words: str


def plan_list(session: Session, mode: Mode, *, archived: bool = False) -> PlanList:
    """The plans as they are in a mode, or the archived ones."""
    found = plans.listed_plans(session, archived=archived)
    clients = quota_changes.counts(session, mode)
    offered = offers(session, found, mode)
    return PlanList(
        tuple(plan_row(offer, clients.get(offer.plan.id, 0)) for offer in offered),
        plans.count_archived(session),
        default_words(offered),
    )


def plan_row(offer: Offer, clients: int) -> PlanRow:
    plan = offer.plan
    return PlanRow(
        id=plan.id,
        name=plan.name,
        description=plan.description,
        state=plan.state,
        is_default=plan.is_default,
        is_featured=plan.is_featured,
        prices=tuple(price_lines(offer)),
        quotas=tuple(quota_words(row) for row in limited(plan)),
        clients=clients,
        is_empty=plan.is_empty,
        reasons=offer.reasons if plan.state == "active" else (),
        warnings=offer.warnings,
    )


def limited(plan: Plan) -> Sequence[PlanQuota]:
    """The quotas in order of display: limited ones first."""
    return sorted(plan.quotas, key=lambda row: (row.quota is None, row.resource.position))


def quota_words(row: PlanQuota) -> str:
    amount = "Unlimited" if row.quota is None else "No" if row.quota == 0 else number(row.quota)
    return f"{amount} {row.resource.unit}"


def price_lines(offer: Offer) -> list[str]:
    """One line for each way to pay."""
    if offer.is_free:
        return ["Free"]
    if not offer.choices:
        return ["On request" if offer.plan.is_on_request else "No price"]
    return [choice_words(choice) for choice in offer.choices]


def choice_words(choice: Choice) -> str:
    """The flat price and the units of the others, or the first price if none is flat."""
    others = [*choice.quantities, *choice.usages]
    if choice.flat is None:
        return short_words(others[0])
    more = f" + {' and '.join(unit_of(offered) for offered in others)}" if others else ""
    return short_words(choice.flat) + more


def unit_of(offered: OfferedPrice) -> str:
    resource = offered.resource.unit if offered.resource else "units"
    return f"use of {resource}" if offered.role == "usage" else resource


def short_words(offered: OfferedPrice) -> str:
    """A price in words without its tiers, which the editor shows."""
    price = offered.price
    units = offered.resource.unit if offered.resource else None
    period = period_words(price.interval, price.interval_count)
    words = price_words(terms_of(price), period, units, is_metered=is_metered(price))
    return words.partition(": ")[0]


def default_words(offered: Sequence[Offer]) -> str:
    """One sentence on how the default plan starts for a new client."""
    found = next((offer for offer in offered if offer.plan.is_default), None)
    if found is None:
        return ""
    name, days = found.plan.name, found.plan.trial_days
    if not found.is_for_sale:
        return f"{name} is not for sale in {found.mode} mode, so new clients cannot start on it yet."
    if found.is_free:
        return f"New clients start on {name} at once, without paying."
    if found.plan.is_on_request and not found.choices:
        return f"{name} is on request, so new clients ask you first."
    if days:
        card = "after giving a card" if found.plan.trial_needs_card else "without a card"
        return f"New clients start with {days} days of trial of {name}, {card}. Then they pay."
    return f"{name} has a price and no trial, so a new client pays before the first use."
