"""The prices that plans sell in test mode, and those prices and products of live mode that may be their twins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers.pricing_page import active_plans
from billingportal.domain.plans.linked_prices import HeldPrice, prices_of
from billingportal.models import Meter, Plan, PlanPrice, Price, Product, Promotion, PromotionStep, TwinChoice
from billingportal.models.go_live.twin_choice import TwinType


@dataclass(frozen=True)
class Sale:
    """One use of a test price: the plan that sells it, and its link."""

    plan: Plan
    link: PlanPrice


@dataclass(frozen=True)
class Catalog:
    """What pairs are made from. `created` and `chosen` are by type and test object id; a choice of None is a new
    object. `sold_live` are the links of the active plans to live prices."""

    live_account_id: int
    sales: tuple[Sale, ...]
    test: dict[str, HeldPrice]
    live: tuple[HeldPrice, ...]
    live_products: tuple[Product, ...]
    live_meters: tuple[Meter, ...]
    created: dict[tuple[str, str], str]
    chosen: dict[tuple[TwinType, str], str | None]
    sold_live: tuple[Sale, ...]

    def live_price(self, price_id: str | None) -> HeldPrice | None:
        return next((one for one in self.live if one.price.stripe_price_id == price_id), None)


def catalog(session: Session) -> Catalog | None:
    """The catalogs of both modes as they are stored; None where one of the modes is not connected."""
    test = processor_accounts.connected(session, "test")
    live = processor_accounts.connected(session, "live")
    if test is None or live is None:
        return None
    plans = active_plans(session)
    sales = sales_of(plans, test.id)
    sold_live = sales_of(plans, live.id)
    held = prices_of(session, [one.link for one in sales])
    created = created_twins(session, live.id)
    chosen = choices(session, live.id)
    wanted = {one for one in (*created.values(), *chosen.values()) if one}
    wanted |= {one.link.stripe_price_id for one in sold_live}
    return Catalog(
        live.id,
        sales,
        {price_id: one for (_, price_id), one in held.items()},
        live_prices(session, live.id, held.values(), wanted),
        live_products(session, live.id, held.values(), wanted),
        live_meters(session, live.id, held.values()),
        created,
        chosen,
        sold_live,
    )


def sales_of(plans: Sequence[Plan], account_id: int) -> tuple[Sale, ...]:
    return tuple(Sale(plan, link) for plan in plans for link in plan.prices if link.processor_account_id == account_id)


def live_prices(session: Session, account_id: int, test: Iterable[HeldPrice], ids: set[str]) -> tuple[HeldPrice, ...]:
    """The prices with the lookup key or product name of a test price, and those named by id. Oldest first."""
    found = list(test)
    keys = {one.price.lookup_key for one in found if one.price.lookup_key}
    names = {one.product.name for one in found if one.product}
    rows = session.execute(
        select(Price, Product, Meter)
        .outerjoin(
            Product,
            (Product.processor_account_id == Price.processor_account_id)
            & (Product.stripe_product_id == Price.stripe_product_id),
        )
        .outerjoin(
            Meter,
            (Meter.processor_account_id == Price.processor_account_id)
            & (Meter.stripe_meter_id == Price.stripe_meter_id),
        )
        .where(Price.processor_account_id == account_id, Price.deleted_at.is_(None))
        .where(or_(Price.lookup_key.in_(keys), Product.name.in_(names), Price.stripe_price_id.in_(ids)))
        .order_by(Price.created_at, Price.id)
    )
    return tuple(HeldPrice(price, product, meter) for price, product, meter in rows)


def live_products(session: Session, account_id: int, test: Iterable[HeldPrice], ids: set[str]) -> tuple[Product, ...]:
    """The active products with the name of a test product, and those named by id."""
    names = {one.product.name for one in test if one.product}
    wanted = or_(Product.name.in_(names), Product.stripe_product_id.in_(ids))
    return tuple(
        session.scalars(
            select(Product)
            .where(Product.processor_account_id == account_id, Product.active, Product.deleted_at.is_(None), wanted)
            .order_by(Product.created_at, Product.id)
        )
    )


def live_meters(session: Session, account_id: int, test: Iterable[HeldPrice]) -> tuple[Meter, ...]:
    """The meters of the same events, active ones first."""
    events = {one.meter.event_name for one in test if one.meter}
    found = session.scalars(
        select(Meter)
        .where(Meter.processor_account_id == account_id, Meter.event_name.in_(events), Meter.deleted_at.is_(None))
        .order_by(Meter.created_at, Meter.id)
    )
    return tuple(sorted(found, key=lambda meter: meter.status != "active"))


def created_twins(session: Session, account_id: int) -> dict[tuple[str, str], str]:
    """What promotions created at this account, by type and test object id."""
    rows = session.execute(
        select(PromotionStep.kind, PromotionStep.subject, PromotionStep.stripe_object_id)
        .join(Promotion, Promotion.id == PromotionStep.promotion_id)
        .where(Promotion.live_account_id == account_id, PromotionStep.stripe_object_id.is_not(None))
        .order_by(PromotionStep.id)
    )
    return {(kind, subject): object_id for kind, subject, object_id in rows if object_id}


def choices(session: Session, account_id: int) -> dict[tuple[TwinType, str], str | None]:
    """The twins that staff chose at this account, by type and test object id."""
    found = session.scalars(select(TwinChoice).where(TwinChoice.live_account_id == account_id))
    return {(one.object_type, one.test_object_id): one.live_object_id for one in found}
