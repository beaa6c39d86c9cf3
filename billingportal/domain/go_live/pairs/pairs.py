"""Each test price that a plan sells beside its live twin, with the differences and the plans that sell it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from billingportal.domain.go_live.pairs.catalog import Catalog, Sale, catalog
from billingportal.domain.go_live.pairs.comparison import Field, compare_prices
from billingportal.domain.go_live.pairs.pairing import Found, Way, find_twins
from billingportal.domain.plans.linked_prices import HeldPrice
from billingportal.domain.prices.price_text import period_words, worded
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.models import PlanPrice

PairState = Literal["match", "differs", "missing", "ambiguous"]


@dataclass(frozen=True)
class Pair:
    """`unlinked` are the sales whose plan has no live price for this use yet."""

    test: HeldPrice
    sales: tuple[Sale, ...]
    state: PairState
    way: Way
    live: HeldPrice | None
    candidates: tuple[HeldPrice, ...]
    fields: tuple[Field, ...]
    unlinked: tuple[Sale, ...]

    @property
    def title(self) -> str:
        """The first plan that sells it, with the resource and the price in words."""
        sale = self.sales[0]
        resource = f" · {sale.link.resource.unit}" if sale.link.resource else ""
        return f"{sale.plan.name}{resource} · {price_text(self.test)}"

    @property
    def can_be_decided(self) -> bool:
        """Whether staff may choose the twin: a lookup key, or a price that a promotion created, leaves no choice."""
        return self.state == "ambiguous" or self.way in ("choice", "product")


@dataclass(frozen=True)
class Pairs:
    """`only_live` are live prices that active plans sell and that no test price is the twin of."""

    catalog: Catalog
    pairs: tuple[Pair, ...]
    only_live: tuple[Sale, ...]

    def of(self, *states: PairState) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.state in states)

    @property
    def unlinked(self) -> tuple[Pair, ...]:
        """Pairs that match and whose live price some plan does not sell yet."""
        return tuple(pair for pair in self.pairs if pair.state == "match" and pair.unlinked)


def all_pairs(session: Session) -> Pairs | None:
    """The pairs of all prices that active plans sell in test mode; None where one of the modes is not connected."""
    found = catalog(session)
    if found is None:
        return None
    twins = find_twins(found)
    sold = dict.fromkeys(sale.link.stripe_price_id for sale in found.sales)
    pairs = tuple(pair_of(found, price_id, twins[price_id]) for price_id in sold if price_id in twins)
    twin_ids = {pair.live.price.stripe_price_id for pair in pairs if pair.live}
    only_live = tuple(sale for sale in found.sold_live if sale.link.stripe_price_id not in twin_ids)
    return Pairs(found, pairs, only_live)


def pair_of(catalog: Catalog, price_id: str, found: Found) -> Pair:
    test = catalog.test[price_id]
    sales = tuple(one for one in catalog.sales if one.link.stripe_price_id == price_id)
    if found.twin is None:
        state: PairState = "ambiguous" if found.candidates else "missing"
        return Pair(test, sales, state, found.way, None, found.candidates, (), sales)
    live_links = [(sale, live_link(catalog, sale, found.twin)) for sale in sales]
    fields = (*compare_prices(test, found.twin), *sold_instead(catalog, found.twin, live_links))
    state = "match" if all(field.is_equal for field in fields) else "differs"
    unlinked = tuple(sale for sale, link in live_links if link is None)
    return Pair(test, sales, state, found.way, found.twin, (), fields, unlinked)


def live_link(catalog: Catalog, sale: Sale, twin: HeldPrice) -> PlanPrice | None:
    """The plan's live link for the same use: the twin's own, else another price of the same role and period."""
    links = [one.link for one in catalog.sold_live if one.plan.id == sale.plan.id and same_use(one.link, sale.link)]
    own = next((link for link in links if link.stripe_price_id == twin.price.stripe_price_id), None)
    return own or next((link for link in links if same_period(catalog, link, twin)), None)


def same_use(one: PlanPrice, other: PlanPrice) -> bool:
    return (one.role, one.resource_id) == (other.role, other.resource_id)


def same_period(catalog: Catalog, link: PlanPrice, twin: HeldPrice) -> bool:
    held = catalog.live_price(link.stripe_price_id)
    period = (twin.price.interval, twin.price.interval_count)
    return held is not None and (held.price.interval, held.price.interval_count) == period


def sold_instead(
    catalog: Catalog, twin: HeldPrice, links: Sequence[tuple[Sale, PlanPrice | None]]
) -> tuple[Field, ...]:
    """A plan that sells another live price for the same use: a difference, since its clients pay that one."""
    twin_id = twin.price.stripe_price_id
    others = [(sale, link) for sale, link in links if link is not None and link.stripe_price_id != twin_id]
    return tuple(
        Field(f"{sale.plan.name} sells", named(twin), named(catalog.live_price(link.stripe_price_id)), is_equal=False)
        for sale, link in others
    )


def named(held: HeldPrice | None) -> str:
    return "Unknown price" if held is None else f"{price_text(held)} ({held.price.stripe_price_id})"


def price_text(held: HeldPrice) -> str:
    """The first words of a price: "$49.00 a month"."""
    price = held.price
    period = period_words(price.interval, price.interval_count)
    words = worded(terms_of(price), period, is_metered=is_metered(price))
    return f"{words.amount} {words.basis}"
