"""The data of a price's card, gathered in one place."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billingportal.domain.prices.price_text import number, period_words, price_words, range_words, worded
from billingportal.domain.prices.pricing import Terms, cliffs
from billingportal.domain.prices.stored_prices import meter_of, product_of
from billingportal.domain.prices.terms import currencies, is_metered, model_words, terms_of
from billingportal.models import Price, ProcessorAccount
from billingportal.models.connection.processor_account import Mode
from billingportal.money import text_of


@dataclass(frozen=True)
class TierRow:
    units: str
    each: str
    fee: str


@dataclass(frozen=True)
class PriceCard:
    """A price, ready to be shown. `warnings` are for the partner, not for clients."""

    stripe_price_id: str
    product: str
    nickname: str | None
    lookup_key: str | None
    amount: str
    basis: str
    rule: str
    words: str
    model: str
    units: str
    tiers: tuple[TierRow, ...]
    meter: str | None
    counts_records: bool
    other_currencies: tuple[str, ...]
    is_active: bool
    mode: Mode
    stripe_url: str
    warnings: tuple[str, ...]


def price_card(session: Session, price: Price, units: str | None = None) -> PriceCard:
    """The card of a price. `units` names what its quantity counts, in the plural, if a plan says so."""
    terms = terms_of(price)
    period = period_words(price.interval, price.interval_count)
    counted = units or counted_by(session, price)
    parts = worded(terms, period, counted, is_metered=is_metered(price))
    product, meter = product_of(session, price), meter_of(session, price)
    mode = session.get_one(ProcessorAccount, price.processor_account_id).mode
    return PriceCard(
        stripe_price_id=price.stripe_price_id,
        product=product.name if product else price.stripe_product_id,
        nickname=price.nickname,
        lookup_key=price.lookup_key,
        amount=parts.amount[:1].upper() + parts.amount[1:],
        basis=parts.basis,
        rule=parts.rule,
        words=str(parts),
        model=model_words(price),
        units=(counted or "units").capitalize(),
        tiers=tier_rows(terms),
        meter=meter.event_name if meter else price.stripe_meter_id,
        counts_records=meter is not None and meter.aggregation == "count",
        other_currencies=tuple(in_currency(price, name, period, counted) for name in currencies(price)[1:]),
        is_active=price.active and price.deleted_at is None,
        mode=mode,
        stripe_url=f"https://dashboard.stripe.com/{'test/' if mode == 'test' else ''}prices/{price.stripe_price_id}",
        warnings=cliff_words(terms, counted or "units"),
    )


def counted_by(session: Session, price: Price) -> str | None:
    """The unit of the price's quantity from its meter, or None without one."""
    meter = meter_of(session, price)
    return meter.display_name.lower() if meter else None


def in_currency(price: Price, currency: str, period: str, units: str | None) -> str:
    return price_words(terms_of(price, currency), period, units, is_metered=is_metered(price))


def tier_rows(terms: Terms) -> tuple[TierRow, ...]:
    rows = []
    first = 1
    for tier in terms.tiers:
        each = text_of(tier.unit_amount, terms.currency) if tier.unit_amount else "–"
        fee = text_of(tier.flat_amount, terms.currency) if tier.flat_amount else "–"
        is_included = not tier.unit_amount and not tier.flat_amount
        rows.append(TierRow(range_words(first, tier.up_to), "Included" if is_included else each, fee))
        first = (tier.up_to or 0) + 1
    return tuple(rows)


def cliff_words(terms: Terms, units: str) -> tuple[str, ...]:
    """Warnings where one more unit lowers the total, so that clients would buy it to save."""
    return tuple(
        f"{number(cliff.up_to + 1)} {units} cost {cliff.total_after}, less than {number(cliff.up_to)}, "
        f"which cost {cliff.total_at}."
        for cliff in cliffs(terms)
    )
