"""The offer of a plan in a mode: its ways to pay, or the reasons why it is not for sale.

A price that cannot be sold is never replaced by another one silently: without a flat or quantity price its own way to
pay is not sold, without a usage price the whole plan is not, since its usage would be free.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers.included_use import included_but_charged
from billingportal.domain.plans.linked_prices import Held, prices_of
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.prices.terms import currencies
from billingportal.models import Plan, PlanPrice, Price, Resource
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plans.plan_price import PriceRole

# Interval and count, as in Stripe's Price: ("month", 3).
Period = tuple[str, int]
DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True)
class OfferedPrice:
    """A linked price that can be sold."""

    price: Price
    role: PriceRole
    resource: Resource | None

    @property
    def period(self) -> Period:
        return (self.price.interval or "month", self.price.interval_count or 1)


@dataclass(frozen=True)
class Choice:
    """One way to pay for a plan: the prices of one subscription.

    Usage prices may have a shorter period than the choice; the others have the same.
    """

    period: Period
    flat: OfferedPrice | None
    quantities: tuple[OfferedPrice, ...]
    usages: tuple[OfferedPrice, ...]

    @property
    def prices(self) -> tuple[OfferedPrice, ...]:
        return (*((self.flat,) if self.flat else ()), *self.quantities, *self.usages)

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that all the prices have, their own first."""
        first, *others = (currencies(offered.price) for offered in self.prices)
        return tuple(name for name in first if all(name in other for other in others))

    @property
    def period_words(self) -> str:
        return period_words(*self.period)


@dataclass(frozen=True)
class Offer:
    """The offer of a plan in one mode. `reasons`: why it is not for sale; `warnings`: which of its prices are not;
    `surprises`: what it charges other than its quotas say.
    """

    plan: Plan
    mode: Mode
    choices: tuple[Choice, ...]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    is_free: bool
    surprises: tuple[str, ...] = ()

    @property
    def is_for_sale(self) -> bool:
        return not self.reasons

    def choice(self, period: Period) -> Choice | None:
        return next((choice for choice in self.choices if choice.period == period), None)


def offer(session: Session, plan: Plan, mode: Mode) -> Offer:
    """The offer of this plan in a mode."""
    return offers(session, [plan], mode)[0]


def offers(session: Session, plans: Sequence[Plan], mode: Mode) -> list[Offer]:
    """The offer of each plan in a mode, with one query for all their prices."""
    account = processor_accounts.connected(session, mode)
    account_id = account.id if account else None
    links = [link for plan in plans for link in plan.prices if link.processor_account_id == account_id]
    held = prices_of(session, links)
    return [one_offer(plan, mode, account_id, held) for plan in plans]


def one_offer(plan: Plan, mode: Mode, account_id: int | None, held: Held) -> Offer:
    links = [link for link in plan.prices if link.processor_account_id == account_id]
    sold, troubles = sort_out(links, held)
    broken_usage = [words for link, words in troubles if link.role == "usage"]
    warnings = [words for link, words in troubles if link.role != "usage"]
    is_paid_ahead = any(link.role != "usage" for link in links)
    choices = choices_of(sold, is_paid_ahead=is_paid_ahead)
    is_free = not plan.is_priced and not plan.is_on_request
    reasons = [*state_reasons(plan), *broken_usage, *billing_reasons(plan, sold, mode, account_id)]
    if not is_free and not plan.is_on_request:
        reasons += price_reasons(mode, account_id, links, choices, warnings)
    by_use = [(one.resource.id, one.price) for one in sold if one.role == "usage" and one.resource is not None]
    surprises = tuple(included_but_charged(plan, by_use))
    return Offer(plan, mode, choices, tuple(reasons), tuple(warnings if choices else ()), is_free, surprises)


def sort_out(links: Sequence[PlanPrice], held: Held) -> tuple[list[OfferedPrice], list[tuple[PlanPrice, str]]]:
    """The prices that can be sold, and the other links with the reason why they cannot."""
    sold: list[OfferedPrice] = []
    troubles: list[tuple[PlanPrice, str]] = []
    for link in links:
        found = held.get((link.processor_account_id, link.stripe_price_id))
        if found is None:
            troubles.append((link, f"The price {link.stripe_price_id} is not in the Stripe account."))
        elif found.trouble is not None:
            troubles.append((link, found.trouble))
        else:
            sold.append(OfferedPrice(found.price, link.role, link.resource))
    return sold, troubles


def state_reasons(plan: Plan) -> list[str]:
    if plan.state == "archived":
        return ["The plan is archived."]
    return ["The plan is a draft. Activate it to sell it."] if plan.state == "draft" else []


def billing_reasons(plan: Plan, sold: Sequence[OfferedPrice], mode: Mode, account_id: int | None) -> list[str]:
    """A quota that is billed when it is used up needs a price that bills it."""
    if account_id is None:
        return []
    billed = {offered.resource.id for offered in sold if offered.role == "usage" and offered.resource}
    return [
        f"Using more {quota.resource.unit} is to be billed, but no usage price is linked for them in {mode} mode."
        for quota in plan.quotas
        if quota.reaction == "bill" and quota.quota is not None and quota.resource_id not in billed
    ]


def price_reasons(
    mode: Mode, account_id: int | None, links: Sequence[PlanPrice], choices: Sequence[Choice], warnings: list[str]
) -> list[str]:
    if account_id is None:
        return [f"Stripe is not connected in {mode} mode."]
    if not links:
        return [f"No price is linked in {mode} mode."]
    return warnings if not choices else []


def choices_of(sold: Sequence[OfferedPrice], *, is_paid_ahead: bool) -> tuple[Choice, ...]:
    """The ways to pay, shortest period first. Usage prices set the periods only when the plan links no other prices."""
    ahead = [offered for offered in sold if offered.role != "usage"]
    usages = [offered for offered in sold if offered.role == "usage"]
    periods = sorted({offered.period for offered in (ahead if is_paid_ahead else usages)}, key=length)
    return tuple(choice_of(period, ahead, usages) for period in periods)


def choice_of(period: Period, ahead: Sequence[OfferedPrice], usages: Sequence[OfferedPrice]) -> Choice:
    here = [offered for offered in ahead if offered.period == period]
    return Choice(
        period,
        next((offered for offered in here if offered.role == "flat"), None),
        tuple(offered for offered in here if offered.role == "quantity"),
        tuple(usages_within(period, usages)),
    )


def usages_within(period: Period, usages: Sequence[OfferedPrice]) -> Iterable[OfferedPrice]:
    """One usage price for each resource: that of the same period, else the longest shorter one."""
    by_resource: dict[int, list[OfferedPrice]] = defaultdict(list)
    for offered in usages:
        if offered.resource is not None and length(offered.period) <= length(period):
            by_resource[offered.resource.id].append(offered)
    return [max(found, key=lambda offered: length(offered.period)) for found in by_resource.values()]


def length(period: Period) -> int:
    """The approximate length in days, to put periods in order."""
    interval, count = period
    return DAYS[interval] * count
