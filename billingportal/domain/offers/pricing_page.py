"""The content of the public pricing page: the plans for sale in one mode, each with every way to pay."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from billingportal.domain.common.plurals import counted
from billingportal.domain.offers import offers
from billingportal.domain.offers.offers import Choice, Offer, Period, length
from billingportal.domain.offers.payment_options import Payment, payment_of
from billingportal.domain.offers.quantities import Quantity, quantities
from billingportal.domain.offers.selling_mode import selling_mode
from billingportal.domain.prices.drafts import Interval
from billingportal.domain.prices.tax_text import ADDED, INCLUDED
from billingportal.models import Plan, PlanQuota
from billingportal.models.connection.processor_account import Mode

# The style sheet can switch between this many periods.
MOST_PERIODS = 8


@dataclass(frozen=True)
class Asked:
    """A visitor's unchecked choice. `quantities` are by plan id, then by resource key; "" is the plan's first."""

    interval: str = ""
    currency: str = ""
    plan_id: int | None = None
    quantities: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One plan. `payments` has one for each of the page's periods; it is empty for a free plan or one on request."""

    plan: Plan
    is_on_request: bool
    quantities: tuple[Quantity, ...]
    payments: tuple[Payment, ...]
    quotas: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(str(line) for line in self.plan.features)


@dataclass(frozen=True)
class PricingPage:
    """`period` and `currency` are the chosen ones, or else the first. `currencies` are those that every price has.

    `tax_words` are those that all amounts on the page share. Where they differ, each amount has its own.
    """

    mode: Mode
    periods: tuple[Period, ...]
    period: Period | None
    currencies: tuple[str, ...]
    currency: str
    cards: tuple[Card, ...]
    tax_words: str = ""

    def card(self, plan_id: int | None) -> Card | None:
        return next((card for card in self.cards if card.plan.id == plan_id), None)

    def savings(self, period: Period) -> tuple[int, ...]:
        """The saving, in per cent, of each plan that can be paid with this period."""
        place = self.periods.index(period)
        payments = [card.payments[place] for card in self.cards if card.payments]
        return tuple(payment.saving for payment in payments if payment.period == period)


def pricing_page(session: Session, asked: Asked, mode: Mode | None = None) -> PricingPage:
    """The pricing page in the given mode, by default in the mode in which the portal sells."""
    mode = mode or selling_mode(session)
    offered = for_sale(session, active_plans(session), mode)
    choices = [choice for offer in offered for choice in offer.choices]
    periods = tuple(sorted({choice.period for choice in choices}, key=length))[:MOST_PERIODS]
    shared = shared_currencies(choices)
    currency = asked.currency if asked.currency in shared else next(iter(shared), "")
    cards = tuple(card_of(offer, periods, currency, asked) for offer in offered)
    period = next((period for period in periods if slug(period) == asked.interval), next(iter(periods), None))
    return PricingPage(mode, periods, period, shared, currency, cards, shared_tax_words(cards))


def one_plan_page(session: Session, asked: Asked, mode: Mode) -> PricingPage:
    """The pricing page of the chosen plan alone: its own periods and currencies, the period nearest to the choice."""
    offered = for_sale(session, active_plans(session, Plan.id == asked.plan_id), mode)
    choices = [choice for offer in offered for choice in offer.choices]
    periods = tuple(sorted({choice.period for choice in choices}, key=length))
    currencies = shared_currencies(choices)
    currency = asked.currency if asked.currency in currencies else next(iter(currencies), "")
    cards = tuple(card_of(offer, periods, currency, asked) for offer in offered)
    wanted = period_of(asked.interval)
    period = nearest(choices, wanted).period if choices and wanted else next(iter(periods), None)
    return PricingPage(mode, periods, period, currencies, currency, cards, shared_tax_words(cards))


def active_plans(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Plan]:
    """The active plans in order. Quotas, resources and prices load in one query each; prices reuse the resources."""
    return session.scalars(
        select(Plan)
        .where(Plan.state == "active", *conditions)
        .order_by(Plan.position, Plan.id)
        .options(selectinload(Plan.quotas).selectinload(PlanQuota.resource), selectinload(Plan.links))
    ).all()


def for_sale(session: Session, plans: Sequence[Plan], mode: Mode) -> list[Offer]:
    """The offers for sale, with only those ways to pay whose prices share a currency."""
    found = [offer for offer in offers.offers(session, plans, mode) if offer.is_for_sale]
    payable = [replace(offer, choices=tuple(one for one in offer.choices if one.currencies)) for offer in found]
    return [now for before, now in zip(found, payable, strict=True) if now.choices or not before.choices]


def shared_currencies(choices: Iterable[Choice]) -> tuple[str, ...]:
    """The currencies that all the ways to pay have in common, in the order of the first."""
    lists = [choice.currencies for choice in choices]
    return tuple(name for name in lists[0] if all(name in other for other in lists)) if lists else ()


def shared_tax_words(cards: Iterable[Card]) -> str:
    """Whether all amounts include tax, in words; empty when they differ or do not say."""
    said = {payment.tax_words for card in cards for payment in card.payments}
    return next(iter(said)) if said in ({INCLUDED}, {ADDED}) else ""


def slug(period: Period) -> str:
    """A period as text in a URL: "month", "year", "3-month"."""
    interval, count = period
    return interval if count == 1 else f"{count}-{interval}"


def period_of(slug: str) -> Period | None:
    """The period of such a text in a URL; None for any other text."""
    number, _, interval = slug.rpartition("-")
    if interval not in get_args(Interval) or not (number == "" or (number.isascii() and number.isdecimal())):
        return None
    return interval, int(number[:3] or 1)


def card_of(offer: Offer, periods: Sequence[Period], currency: str, asked: Asked) -> Card:
    bought = quantities(offer.choices, asked.quantities.get(offer.plan.id, {}))
    chosen = [nearest(offer.choices, period) for period in periods] if offer.choices else []
    base = offer.choice(("month", 1))
    payments = tuple(payment_of(choice, base, currency, bought) for choice in chosen)
    is_on_request = offer.plan.is_on_request and not payments
    return Card(offer.plan, is_on_request, bought, payments, quota_words(offer.plan, bought))


def nearest(choices: Sequence[Choice], period: Period) -> Choice:
    """The way to pay with this period, or else the one with the period nearest in length."""
    return min(choices, key=lambda choice: abs(length(choice.period) - length(period)))


def quota_words(plan: Plan, bought: Sequence[Quantity]) -> tuple[str, ...]:
    """The included quotas, one line for each visible resource. Resources bought by quantity have their own field."""
    chosen = {one.resource_id for one in bought}
    shown = sorted(plan.quotas, key=lambda quota: (quota.resource.position, quota.resource.id))
    return tuple(included(quota) for quota in shown if quota.resource_id not in chosen and not quota.resource.is_hidden)


def included(quota: PlanQuota) -> str:
    unit = quota.resource.unit
    if quota.quota is None:
        return f"Unlimited {unit}"
    ending = " per billing period" if quota.resource.kind == "counter" else ""
    return f"{counted(quota.quota, unit) if quota.quota else f'No {unit}'}{ending}"
