"""Describes the lines of an invoice preview, and items of no plan, in plain words for clients."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.entitlements import subscription_facts
from billingportal.domain.plan_changes.item_matching import HeldItem
from billingportal.domain.plan_changes.previews import Line
from billingportal.domain.prices.price_text import period_words, price_words
from billingportal.domain.prices.terms import is_metered, terms_of
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.models import Client, Plan, PlanPrice, Price, Product
from billingportal.money import Money
from billingportal.stripe_gateway.objects.invoice_previews import InvoicePreview, PreviewLine

# A plan's name and its link to the price, which names the counted resource, if any.
Named = tuple[str, PlanPrice]


def worded(session: Session, client_id: int, account_id: int, invoice: InvoicePreview) -> list[Line]:
    """The lines of a client's invoice, described by plan name and resource."""
    prices = [line.stripe_price_id for line in invoice.lines if line.stripe_price_id]
    names = named(session, account_id, prices) | names_of_present(session, client_id)
    return [
        Line(line_words(line, names), Money(line.amount_minor, invoice.currency), is_usage(line, names))
        for line in invoice.lines
    ]


def is_usage(line: PreviewLine, names: Mapping[str, Named]) -> bool:
    found = names.get(line.stripe_price_id or "")
    return found is not None and found[1].role == "usage"


def named(session: Session, account_id: int, price_ids: Sequence[str]) -> dict[str, Named]:
    """By price id, of a price with several links the first that is for sale."""
    rows = session.execute(
        select(Plan.name, PlanPrice)
        .join(PlanPrice, PlanPrice.plan_id == Plan.id)
        .where(PlanPrice.processor_account_id == account_id, PlanPrice.stripe_price_id.in_(price_ids))
        .order_by(PlanPrice.retired_at.is_(None), PlanPrice.id.desc())
    )
    return {link.stripe_price_id: (name, link) for name, link in rows}


def names_of_present(session: Session, client_id: int) -> dict[str, Named]:
    """The same for the prices of the client's subscription, by the links that it was sold by."""
    client = session.get_one(Client, client_id)
    row = client_subscriptions.running_of(session, client)
    links = subscription_facts.links_of_items(session, client, row).by_price if row else {}
    return {price_id: (session.get_one(Plan, link.plan_id).name, link) for price_id, link in links.items()}


def line_words(line: PreviewLine, names: Mapping[str, Named]) -> str:
    """For example "Unused time of Growth, from 22 November to 1 December 2026", "Growth, from ... to ..."."""
    found = names.get(line.stripe_price_id or "")
    what = thing(found, line.quantity) if found else line.description
    until = f"from {day(line.starts_at)} to {day(line.ends_at)}"
    return f"Unused time of {what}, {until}" if line.is_credit and found else f"{what}, {until}"


def thing(found: Named, quantity: int | None) -> str:
    name, link = found
    if link.resource is None:
        return name
    if link.role == "usage":
        used = f": {counted(quantity, link.resource.unit)}" if quantity is not None else ""
        return f"{name}, use of {link.resource.unit}{used}"
    return f"{name}, {counted(quantity or 0, link.resource.unit)}"


def item_words(session: Session, account_id: int, currency: str, items: Sequence[HeldItem]) -> tuple[str, ...]:
    """For each item its number, product and price, as in "2 × Support, US$5.00 a month"; its price's id where the
    price is not stored."""
    wanted = [item.stripe_price_id for item in items]
    rows = session.execute(
        select(Price, Product.name)
        .outerjoin(
            Product,
            (Product.processor_account_id == Price.processor_account_id)
            & (Product.stripe_product_id == Price.stripe_product_id),
        )
        .where(Price.processor_account_id == account_id, Price.stripe_price_id.in_(wanted))
    )
    known = {price.stripe_price_id: price_text(price, name, currency) for price, name in rows}
    return tuple(
        f"{f'{item.quantity} × ' if (item.quantity or 1) > 1 else ''}"
        f"{known.get(item.stripe_price_id, item.stripe_price_id)}"
        for item in items
    )


def price_text(price: Price, name: str | None, currency: str) -> str:
    try:
        terms = terms_of(price, currency)
    except LookupError:
        return name or price.stripe_price_id
    words = price_words(terms, period_words(price.interval, price.interval_count), is_metered=is_metered(price))
    return f"{name}, {words}" if name else words
