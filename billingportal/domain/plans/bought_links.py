"""Finds the links by which a subscription was sold: those that were for sale when it got each of its prices.

A price may have several links: of two plans, or of one plan that sold it for another resource before. The links of
today say what is sold today. What a running subscription has, the links of the time of its purchase say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.models import Checkout, PlanChange, PlanPrice, Subscription
from billingportal.plain_json import JsonObject

# A link that comes later never changes what a subscription bought.
FOR_SALE, SOLD_BEFORE, SOLD_LATER = range(3)


@dataclass(frozen=True)
class Purchase:
    """A checkout or a plan change: the plan, the prices, and when the portal offered them."""

    plan_id: int
    made_at: datetime
    price_ids: frozenset[str]


@dataclass(frozen=True)
class Bought:
    """What bears on a subscription's plan. `priced_at`: when it got each of its prices. `purchases`: newest first.
    `held_plan_id`: the plan that its client had until now."""

    priced_at: Mapping[str, datetime]
    purchases: Sequence[Purchase] = ()
    held_plan_id: int | None = None

    def moment(self, plan_id: int, price_id: str) -> datetime:
        """When the price was bought, if it was bought with this plan."""
        made = (one.made_at for one in self.purchases if one.plan_id == plan_id and price_id in one.price_ids)
        return next(made, self.priced_at[price_id])


@dataclass(frozen=True)
class BoughtLinks:
    """The plan of a subscription, None when no plan has its prices, and the link of each price, by price id: of that
    plan, else of another one."""

    plan_id: int | None = None
    by_price: Mapping[str, PlanPrice] = field(default_factory=dict)

    @property
    def of_plan(self) -> Mapping[str, PlanPrice]:
        """The links of the plan itself."""
        return {price_id: link for price_id, link in self.by_price.items() if link.plan_id == self.plan_id}


def links_to(session: Session, account_id: int, price_ids: Iterable[str]) -> Sequence[PlanPrice]:
    """The links of all plans to these prices, retired ones too, oldest first."""
    return session.scalars(
        select(PlanPrice)
        .where(PlanPrice.processor_account_id == account_id, PlanPrice.stripe_price_id.in_(list(price_ids)))
        .order_by(PlanPrice.id)
    ).all()


def purchases_of(session: Session, client_id: int, stripe_subscription_id: str) -> list[Purchase]:
    """The purchases of this subscription: plan changes, newest first, then checkouts."""
    changes = session.execute(
        select(PlanChange.to_plan_id, PlanChange.created_at, PlanChange.preview)
        .where(
            PlanChange.client_id == client_id,
            PlanChange.stripe_subscription_id == stripe_subscription_id,
            PlanChange.state.in_(("intended", "waiting", "scheduled", "done")),
        )
        .order_by(PlanChange.id.desc())
    )
    checkouts = session.execute(
        select(Checkout.plan_id, Checkout.created_at, Checkout.request)
        .where(Checkout.client_id == client_id, Checkout.stripe_subscription_id == stripe_subscription_id)
        .order_by(Checkout.id.desc())
    )
    return [
        *(Purchase(plan_id, made_at, prices_shown(preview)) for plan_id, made_at, preview in changes),
        *(Purchase(plan_id, made_at, prices_asked(request)) for plan_id, made_at, request in checkouts),
    ]


def prices_shown(preview: JsonObject) -> frozenset[str]:
    """The price ids after a plan change, by its stored preview."""
    return frozenset(cast(JsonObject, preview.get("items") or {}))


def prices_asked(request: JsonObject) -> frozenset[str]:
    """The price ids of a checkout, by its stored request."""
    items = cast(list[JsonObject], request.get("items") or [])
    return frozenset(str(item["price"]) for item in items)


def priced_at(subscription: Subscription, price_ids: Iterable[str]) -> dict[str, datetime]:
    """When the subscription got each of these prices; a price that it has no longer, when it began."""
    known = {item.stripe_price_id: item.priced_at for item in subscription.items}
    return {price_id: known.get(price_id) or subscription.created_at for price_id in price_ids}


def bought_links(links: Sequence[PlanPrice], bought: Bought) -> BoughtLinks:
    """The plan and the links of these prices; `links` as from `links_to`. Pure.

    Licensed prices decide; metered prices only when there are no others. Copied plans share their prices. Then the
    plan that was bought, or that the client had before, counts, else the plan that was linked first.
    """
    price_ids = dict.fromkeys(link.stripe_price_id for link in links)
    best = {price_id: one_of_each_plan(price_id, links, bought) for price_id in price_ids}
    plan_id = chosen_plan(best, bought)
    by_price = {
        price_id: next((one for one in found if one.plan_id == plan_id), found[0]) for price_id, found in best.items()
    }
    return BoughtLinks(plan_id, by_price)


def one_of_each_plan(price_id: str, links: Sequence[PlanPrice], bought: Bought) -> list[PlanPrice]:
    """Each plan's link to the price that was for sale when the price was bought, else the last before, else the first
    after; the best of all plans first."""
    ordered = sorted((link for link in links if link.stripe_price_id == price_id), key=lambda one: place(one, bought))
    found: dict[int, PlanPrice] = {}
    for link in ordered:
        found.setdefault(link.plan_id, link)
    return list(found.values())


def place(link: PlanPrice, bought: Bought) -> tuple[int, int]:
    """The place of a link among those of its price: the one for sale at the purchase first."""
    moment = bought.moment(link.plan_id, link.stripe_price_id)
    if link.retired_at is not None and link.retired_at <= moment:
        return SOLD_BEFORE, -link.id
    return (FOR_SALE if link.linked_at <= moment else SOLD_LATER), link.id


def chosen_plan(best: Mapping[str, Sequence[PlanPrice]], bought: Bought) -> int | None:
    ahead = {price_id for price_id, found in best.items() if any(link.role != "usage" for link in found)}
    telling = ahead or set(best)
    foremost = [link for price_id in telling for link in equally_for_sale(best[price_id], bought)]
    by_plan: dict[int, set[str]] = {}
    for link in sorted(foremost, key=lambda one: place(one, bought)):
        by_plan.setdefault(link.plan_id, set()).add(link.stripe_price_id)
    candidates = [plan_id for plan_id, found in by_plan.items() if found == telling] or list(by_plan)
    wanted = [*(one.plan_id for one in bought.purchases), bought.held_plan_id]
    return next((plan_id for plan_id in wanted if plan_id in candidates), next(iter(candidates), None))


def equally_for_sale(found: Sequence[PlanPrice], bought: Bought) -> list[PlanPrice]:
    """The links of one price that were as much for sale as the best of them when it was bought."""
    return [link for link in found if place(link, bought)[0] == place(found[0], bought)[0]]
