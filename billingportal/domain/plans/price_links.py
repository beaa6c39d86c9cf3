"""Links plans to prices of one Stripe account, and refuses prices that cannot be sold together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.plans.drift import linked_as
from billingportal.domain.plans.retirement import retire_link
from billingportal.domain.prices.price_text import period_words
from billingportal.domain.prices.terms import is_metered
from billingportal.errors import Refusal
from billingportal.models import Plan, PlanPrice, Price, Resource
from billingportal.models.plans.plan_price import PriceRole

# A price id, a role and a resource id.
Use = tuple[str, PriceRole, int | None]


@dataclass(frozen=True)
class Link:
    """A requested link to a price: its role, its resource, and the form field that names it."""

    stripe_price_id: str
    role: PriceRole
    resource_id: int | None = None
    field: str = ""


def replace_links(session: Session, plan: Plan, account_id: int, links: Sequence[Link]) -> None:
    """Sell the plan by these prices at one account; links to other accounts stay. Raises Refusal.

    A link that is for sale already keeps its snapshot (`linked_as`) and its date. One that is left out, or used for
    something else from now on, is retired: running subscriptions keep what they bought by it.
    """
    prices = {price.stripe_price_id: price for price in find_prices(session, account_id, links)}
    refuse_what_cannot_go_together(links, prices)
    refuse_unknown_resources(session, links)
    wanted = {use_of(link): place for place, link in enumerate(links)}
    for row in [row for row in plan.prices if row.processor_account_id == account_id and use_of(row) not in wanted]:
        retire_link(session, plan, row)
    session.flush()
    there = {use_of(row): row for row in plan.prices if row.processor_account_id == account_id}
    for link in links:
        row = there.get(use_of(link)) or new_row(session, plan, prices[link.stripe_price_id], link)
        row.position = wanted[use_of(link)]


def find_prices(session: Session, account_id: int, links: Sequence[Link]) -> list[Price]:
    """The stored prices of the links. Raises Refusal for a price that is not stored."""
    wanted = {link.stripe_price_id for link in links}
    prices = session.scalars(
        select(Price).where(Price.processor_account_id == account_id, Price.stripe_price_id.in_(wanted))
    ).all()
    missing = wanted - {price.stripe_price_id for price in prices}
    for link in links:
        if link.stripe_price_id in missing:
            raise Refusal(link.field, f"The price {link.stripe_price_id} is not known here yet. Try again.")
    return list(prices)


def use_of(link: Link | PlanPrice) -> Use:
    """The price of a link with its role and resource: when one of them changes, it is another link."""
    return link.stripe_price_id, link.role, link.resource_id


def new_row(session: Session, plan: Plan, price: Price, link: Link) -> PlanPrice:
    row = PlanPrice(
        processor_account_id=price.processor_account_id,
        stripe_price_id=price.stripe_price_id,
        role=link.role,
        resource_id=link.resource_id,
        linked_as=linked_as(session, price),
        linked_at=now(),
    )
    plan.links.append(row)
    return row


def refuse_what_cannot_go_together(links: Sequence[Link], prices: dict[str, Price]) -> None:
    """One currency, no price twice, and never two prices for the same role, resource and period. Raises Refusal."""
    taken: dict[object, str] = {}
    for link in links:
        price = prices[link.stripe_price_id]
        refuse_wrong_use(link, price)
        if link.stripe_price_id in taken:
            raise Refusal(link.field, "This price is linked to the plan already, further up.")
        taken[link.stripe_price_id] = price.stripe_price_id
        period = (price.interval, price.interval_count)
        if (link.role, link.resource_id, period) in taken:
            words = period_words(*period)
            raise Refusal(link.field, f"There is a price {words} for this already, further up. A client pays one.")
        taken[link.role, link.resource_id, period] = price.stripe_price_id
    refuse_two_currencies(links, prices)


def refuse_unknown_resources(session: Session, links: Sequence[Link]) -> None:
    known = set(session.scalars(select(Resource.id)))
    for link in links:
        if link.resource_id is not None and link.resource_id not in known:
            raise Refusal(link.field, "This resource was deleted meanwhile. Choose what this price is for.")


def refuse_two_currencies(links: Sequence[Link], prices: dict[str, Price]) -> None:
    for link in links[1:]:
        first, other = prices[links[0].stripe_price_id].currency, prices[link.stripe_price_id].currency
        if other != first:
            raise Refusal(
                link.field,
                f"This price is in {other.upper()}, the plan's other prices are in {first.upper()}. "
                "One plan needs one currency; further ones are added to the price in Stripe.",
            )


def refuse_wrong_use(link: Link, price: Price) -> None:
    """Only metered prices bill usage, and they bill nothing else. Raises Refusal."""
    if link.role == "usage" and not is_metered(price):
        raise Refusal(
            link.field,
            "This price is paid ahead, so it cannot bill use. Pick a usage-based price, or sell it by number.",
        )
    if link.role != "usage" and is_metered(price):
        raise Refusal(link.field, "This price is usage-based. Choose the resource whose use it bills.")
    if (link.role == "flat") != (link.resource_id is None):
        raise Refusal(link.field, "Choose what this price is for.")


def links_of(plan: Plan, account_id: int | None) -> list[Link]:
    """The plan's prices for sale at an account, in their order."""
    rows: Iterable[PlanPrice] = plan.prices
    return [
        Link(row.stripe_price_id, row.role, row.resource_id) for row in rows if row.processor_account_id == account_id
    ]
