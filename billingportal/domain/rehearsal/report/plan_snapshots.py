"""Plans as they are at one moment: prices, quotas, trial and neighbours, to tell what changed since a rehearsal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy.orm import Session

from billingportal.domain.offers.pricing_page import active_plans
from billingportal.domain.plans.linked_prices import Held, prices_of
from billingportal.domain.prices.price_text import period_words, price_words
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.domain.rehearsal.promises import PromisedQuota
from billingportal.domain.rehearsal.steps.facts import quota_words
from billingportal.models import Plan, PlanPrice, Price
from billingportal.plain_json import Json, JsonObject

TRIAL_ENDS = {"pause": "paused at its end", "cancel": "canceled at its end", "default": "then the default plan"}


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was: `what` in words, before and now."""

    what: str
    before: str
    now: str

    @property
    def words(self) -> str:
        return f"{self.what}: {self.before} → {self.now}"


def snapshot_of(session: Session, account_id: int) -> JsonObject:
    """All plans that are for sale in this account, by id."""
    plans = active_plans(session)
    links = [link for plan in plans for link in plan.prices if link.processor_account_id == account_id]
    held = prices_of(session, links)
    sold = [plan for plan in plans if any(link.processor_account_id == account_id for link in plan.prices)]
    default = next((plan.name for plan in plans if plan.is_default), "none")
    return {str(plan.id): plan_json(held, account_id, plan, beside(plan, sold), default) for plan in sold}


def beside(plan: Plan, sold: Sequence[Plan]) -> tuple[str, str]:
    """The plans above and below: where an upgrade and a downgrade lead."""
    place = sold.index(plan)
    names = [None, *sold, None]
    below, above = names[place], names[place + 2]
    return (above.name if above else "none", below.name if below else "none")


def plan_json(held: Held, account_id: int, plan: Plan, neighbours: tuple[str, str], default: str) -> JsonObject:
    quotas: JsonObject = {
        row.resource.name: quota_words(PromisedQuota(row.resource.name, row.resource.unit, row.quota, row.reaction))
        for row in plan.quotas
    }
    links = [link for link in plan.prices if link.processor_account_id == account_id]
    prices: JsonObject = {link.stripe_price_id: price_json(held, link) for link in links}
    trial = f"{plan.trial_days} days, {'card needed' if plan.trial_needs_card else 'no card needed'}"
    return {
        "name": plan.name,
        "above": neighbours[0],
        "below": neighbours[1],
        "default": default,
        "trial": f"{trial}, {TRIAL_ENDS[plan.trial_end]}" if plan.trial_days else "none",
        "quotas": quotas,
        "prices": prices,
    }


def price_json(held: Held, link: PlanPrice) -> JsonObject:
    """A linked price with what it charges, its product and its meter, as the portal knows them."""
    found = held.get((link.processor_account_id, link.stripe_price_id))
    sells = {"flat": "the plan", "quantity": "a number of", "usage": "the use of"}[link.role]
    named: JsonObject = {"sells": f"{sells} {link.resource.name}" if link.resource else sells}
    if found is None or found.price.deleted_at is not None:
        return {**named, "price": "gone"}
    price, product, meter = found.price, found.product, found.meter
    return {
        **named,
        "price": "active" if price.active else "archived",
        "product": f"{product.name} ({'active' if product.active else 'archived'})" if product else "gone",
        "meter": f"{meter.display_name} ({meter.event_name}, {meter.aggregation}, {meter.status})" if meter else "none",
        "tax": price.tax_behavior or "not set",
        **charges(price),
    }


def charges(price: Price) -> JsonObject:
    """What it charges in each currency, in words."""
    period = period_words(price.interval, price.interval_count)
    currencies = sorted({price.currency, *price.currency_options})
    words = {one: price_words(terms_of(price, one), period, is_metered=is_metered(price)) for one in currencies}
    return {one.upper(): text for one, text in words.items()}


def changes_between(before: Json, now: Json) -> list[Change]:
    """What differs between two snapshots of one plan; one that is not for sale any more has no second."""
    if not isinstance(before, dict):
        return []
    if not isinstance(now, dict):
        return [Change("The plan", "for sale", "not for sale")]
    old, new = flat(before), flat(now)
    names = [*old, *(name for name in new if name not in old)]
    return [
        Change(name, old.get(name, "none"), new.get(name, "none")) for name in names if old.get(name) != new.get(name)
    ]


def flat(plan: Mapping[str, Json]) -> dict[str, str]:
    """Each value with what it is in words; a price that is there only once is one value."""
    found = {TITLES.get(name, name): str(value) for name, value in plan.items() if not isinstance(value, dict)}
    quotas, prices = cast(JsonObject, plan.get("quotas") or {}), cast(JsonObject, plan.get("prices") or {})
    found |= {f"Quota of {name}": str(value) for name, value in quotas.items()}
    for price_id, price in prices.items():
        for name, value in cast(JsonObject, price).items():
            found[f"{price_id}, {PRICE_TITLES.get(name, f'amount in {name}')}"] = str(value)
    return found


TITLES = {"name": "Name", "above": "Plan above", "below": "Plan below", "default": "Default plan", "trial": "Trial"}
PRICE_TITLES = {
    "sells": "what it sells",
    "price": "state at Stripe",
    "product": "product",
    "meter": "meter",
    "tax": "tax behavior",
}
