"""What a plan promises a client: prices, quantities and quotas, computed here from what staff linked and saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.entitlements.client_plans import is_free
from billingportal.domain.offers import offers
from billingportal.domain.offers.offers import Choice, OfferedPrice, Period, length
from billingportal.domain.offers.selection import Selection
from billingportal.domain.prices.pricing import Terms, lines
from billingportal.domain.prices.stored_prices import meter_of
from billingportal.domain.prices.terms import terms_of
from billingportal.errors import Refusal
from billingportal.models import Plan, Resource
from billingportal.models.plans.plan_price import PriceRole
from billingportal.money import Money, text_of

# How many are bought where no tier or package suggests another number.
USUAL_QUANTITY = 3


@dataclass(frozen=True)
class Sold:
    """One price of a life. `quantity` is None for a metered price."""

    stripe_price_id: str
    role: PriceRole
    title: str
    resource_id: int | None
    resource_key: str
    is_gauge: bool
    period: Period
    quantity: int | None
    terms: Terms
    stripe_meter_id: str = ""
    formula: str = ""


@dataclass(frozen=True)
class PromisedQuota:
    """`quota` None is unlimited."""

    name: str
    unit: str
    quota: int | None
    reaction: str


@dataclass(frozen=True)
class Promise:
    """What one plan costs in a period and currency, and what it gives, by resource id."""

    plan_id: int
    name: str
    selection: Selection
    sold: tuple[Sold, ...]
    quotas: Mapping[int, PromisedQuota]
    trial_days: int

    @property
    def ahead(self) -> tuple[Sold, ...]:
        return tuple(one for one in self.sold if one.quantity is not None)

    @property
    def by_use(self) -> tuple[Sold, ...]:
        return tuple(one for one in self.sold if one.quantity is None)

    @property
    def shortest(self) -> Period:
        return min((one.period for one in self.sold), key=length)


@dataclass(frozen=True)
class ExpectedLine:
    """A line that an invoice must have, in minor units, with the time that it is for."""

    stripe_price_id: str
    title: str
    words: str
    amount: Money
    starts_at: datetime
    ends_at: datetime


def promise_of(session: Session, plan_id: int, period: Period, currency: str) -> Promise:
    """The promise of a plan in test mode. Raises Refusal where it is not for sale so."""
    plan = session.get_one(Plan, plan_id)
    choice = offers.offer(session, plan, "test").choice(period)
    if choice is None or currency not in choice.currencies:
        raise Refusal("plan", f"{plan.name} is not for sale so any more.")
    quantities = {
        one.resource.key: usual_quantity(terms_of(one.price, currency)) for one in choice.quantities if one.resource
    }
    sold = tuple(sold_price(session, one, currency, quantities) for one in choice.prices)
    bought = {one.resource_id: one.quantity for one in sold if one.role == "quantity" and one.resource_id}
    return Promise(
        plan.id,
        plan.name,
        Selection(period, currency, quantities),
        sold,
        promised_quotas(session, plan, bought),
        plan.trial_days,
    )


def usual_quantity(terms: Terms) -> int:
    """One more than the first tier or package has, where there is one: both sides of its end are charged then."""
    if terms.package is not None:
        return terms.package.size + 1
    first = terms.tiers[0].up_to if terms.tiers else None
    return first + 1 if first is not None else USUAL_QUANTITY


def sold_price(session: Session, one: OfferedPrice, currency: str, quantities: Mapping[str, int]) -> Sold:
    resource, meter = one.resource, meter_of(session, one.price)
    key = resource.key if resource else ""
    quantity = None if one.role == "usage" else quantities.get(key, 1)
    return Sold(
        stripe_price_id=one.price.stripe_price_id,
        role=one.role,
        title=resource.name if resource else "Plan",
        resource_id=resource.id if resource else None,
        resource_key=key,
        is_gauge=resource is not None and resource.kind == "gauge",
        period=one.period,
        quantity=quantity,
        terms=terms_of(one.price, currency),
        stripe_meter_id=meter.stripe_meter_id if meter else "",
        formula=meter.aggregation if meter else "",
    )


def promised_quotas(
    session: Session, plan: Plan | None, bought: Mapping[int, int | None] | None = None
) -> dict[int, PromisedQuota]:
    """The quotas of a plan; a bought quantity is the quota of what it sells."""
    found = {
        row.resource_id: PromisedQuota(row.resource.name, row.resource.unit, row.quota, row.reaction)
        for row in (plan.quotas if plan else ())
    }
    for resource_id, number in (bought or {}).items():
        resource = session.get_one(Resource, resource_id)
        reaction = found[resource_id].reaction if resource_id in found else "block"
        found[resource_id] = PromisedQuota(resource.name, resource.unit, number, reaction)
    return found


def default_plan(session: Session) -> Plan | None:
    """The plan of a client that pays for none: only a free one is given."""
    plan = session.scalar(select(Plan).where(Plan.is_default))
    return plan if plan is not None and is_free(plan) else None


def expected_lines(
    sold: Sequence[Sold], numbers: Mapping[str, int], starts_at: datetime, ends_at: datetime
) -> list[ExpectedLine]:
    """The lines of these prices for a time. `numbers`: the use by resource key, of metered prices."""
    found = []
    for one in sold:
        number = numbers.get(one.resource_key, 0) if one.quantity is None else one.quantity
        for line in lines(one.terms, number):
            each = text_of(line.each, one.terms.currency)
            part = f", tier {line.tier + 1}" if line.tier is not None else ""
            fee = " flat fee" if line.kind == "tier fee" else ""
            found.append(
                ExpectedLine(
                    one.stripe_price_id,
                    f"{one.title}{part}{fee}",
                    f"{line.quantity:,f} × {each} = {line.amount}",
                    line.amount,
                    starts_at,
                    ends_at,
                )
            )
    return found


def choices_for_sale(session: Session, plan: Plan) -> tuple[Choice, ...]:
    offer = offers.offer(session, plan, "test")
    return offer.choices if offer.is_for_sale else ()
