"""The calculator beside a plan: an estimate for the typed prices, and its comparison with Stripe's quote."""

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from billingportal.db import db, transaction
from billingportal.domain.connection import processor_accounts
from billingportal.domain.offers import stripe_proof
from billingportal.domain.offers.calculator import Curve, Estimate, Part, curve, estimate
from billingportal.domain.offers.offers import Choice, OfferedPrice, choices_of
from billingportal.domain.plans import resources
from billingportal.domain.prices.eligibility import own_trouble
from billingportal.domain.prices.price_text import charge_words, number, period_words, range_words
from billingportal.domain.prices.pricing import Line
from billingportal.domain.prices.tax_text import tax_words
from billingportal.domain.prices.terms import is_metered
from billingportal.errors import Refusal
from billingportal.models import Price, Resource
from billingportal.money import Money, text_of
from billingportal.web.auth.session import require_role
from billingportal.web.common import htmx
from billingportal.web.common.stripe_access import stripe_for
from billingportal.web.offers.chart import Chart, chart
from billingportal.web.plans.form import MOST_PRICES, PriceRow, price_pairs, whole_number

blueprint = Blueprint("quotes", __name__, url_prefix="/saas/plans")
LARGEST = 10**9


@dataclass(frozen=True)
class QuoteLine:
    words: str
    amount: Money


@dataclass(frozen=True)
class Quote:
    """An estimate, ready to be shown. `asked` are its inputs, sent again for the comparison with Stripe."""

    choices: tuple[Choice, ...]
    choice: Choice | None
    estimate: Estimate | None
    lines: tuple[QuoteLine, ...]
    sums: tuple[QuoteLine, ...]
    charts: tuple[Chart, ...]
    asked: tuple[tuple[str, str], ...]
    numbers: dict[int, int]
    tax_words: str = ""


@blueprint.get("/quote")
@require_role("owner", "admin")
def show() -> ResponseReturnValue:
    template = "plans/_quote.html" if htmx.is_partial(request) else "plans/quote.html"
    return render_template(template, quote=quote(request.args))


@blueprint.post("/proofs")
@require_role("owner", "admin")
def create_proof() -> ResponseReturnValue:
    """Compare the estimate with Stripe's quote, and show any difference."""
    asked = quote(request.form)
    proof, refusal = None, None
    try:
        stripe = stripe_for(g.mode)
        chosen = asked.choice.prices if asked.choice else ()
        currency = asked.estimate.currency if asked.estimate else ""
        proof = stripe_proof.prove(transaction, stripe.gateway, stripe.account, chosen, asked.numbers, currency)
    except Refusal as problem:
        refusal = problem.message
    template = "plans/_proof.html" if htmx.is_partial(request) else "plans/quote.html"
    return render_template(template, quote=asked, proof=proof, refusal=refusal)


def quote(values: "MultiDict[str, str]") -> Quote:
    """The estimate for the typed values. Rows without a known price are left out."""
    listed = resources.visible_resources(db.session())
    numbers = {resource.id: number_of(resource, values) for resource in listed}
    offered = offered_prices(price_pairs(values), {resource.id: resource for resource in listed})
    choices = choices_of(offered, is_paid_ahead=any(one.role != "usage" for one in offered))
    choice = next(
        (one for one in choices if period_value(one) == values.get("period")), choices[0] if choices else None
    )
    asked = tuple((name, value) for name, value in values.items(multi=True) if name != "csrf_token")
    if choice is None:
        return Quote(choices, None, None, (), (), (), asked, numbers)
    currency = values.get("currency", "")
    found = estimate(choice.prices, numbers, currency if currency in choice.currencies else choice.currencies[0])
    charts = tuple(chart_of(choice, numbers, one, found.currency) for one in counted(choice))
    lines = tuple(line for part in found.parts for line in quote_lines(part))
    sums = tuple(QuoteLine(f"Estimate {period_words(*period)}", due) for period, due in found.sums)
    tax = tax_words((one.price for one in choice.prices), found.currency)
    return Quote(choices, choice, found, lines, sums, charts, asked, numbers, tax)


def number_of(resource: Resource, values: "MultiDict[str, str]") -> int:
    try:
        typed = whole_number("", values.get(f"n_{resource.id}", ""))
    except Refusal:
        typed = None
    return min(typed or 0, LARGEST)


def offered_prices(pairs: list[tuple[str, str]], known: dict[int, Resource]) -> list[OfferedPrice]:
    """The typed prices that are stored, can be sold and fit their role."""
    account = processor_accounts.connected(db.session(), g.mode)
    if account is None:
        return []
    own = select(Price).where(Price.processor_account_id == account.id, Price.deleted_at.is_(None))
    found: list[OfferedPrice] = []
    for text, use in pairs[:MOST_PRICES]:
        price = db.session().scalars(own.where((Price.stripe_price_id == text) | (Price.lookup_key == text))).first()
        link = PriceRow(text, use).link(text, "")
        resource = known.get(link.resource_id or 0)
        fits = price is not None and own_trouble(price) is None and (link.role == "usage") == is_metered(price)
        if price is not None and fits and (link.role == "flat" or resource is not None):
            found.append(OfferedPrice(price, link.role, resource))
    return found


def period_value(choice: Choice) -> str:
    return f"{choice.period[0]}:{choice.period[1]}"


def counted(choice: Choice) -> list[Resource]:
    """The resources that the amount depends on, each once."""
    found = {one.resource.id: one.resource for one in choice.prices if one.resource}
    return list(found.values())


def chart_of(choice: Choice, numbers: dict[int, int], resource: Resource, currency: str) -> Chart:
    found: Curve = curve(choice.prices, resource.id, numbers[resource.id], currency)
    return chart(found, resource, numbers[resource.id])


def quote_lines(part: Part) -> list[QuoteLine]:
    return [QuoteLine(line_words(part, line), line.amount) for line in part.lines]


def line_words(part: Part, line: Line) -> str:
    """The description of a line, as on an invoice."""
    offered = part.offered
    if offered.resource is None and line.kind == "units":
        return "The plan itself"
    units = offered.resource.unit if offered.resource else "units"
    each = text_of(line.each, part.terms.currency)
    if line.kind == "packages" and part.terms.package:
        return f"{number(int(line.quantity))} × {number(part.terms.package.size)} {units} at {each}"
    if line.tier is None:
        return f"{number(int(line.quantity))} {units} at {each}"
    return tier_words(part, line, units, each)


def tier_words(part: Part, line: Line, units: str, each: str) -> str:
    tier = part.terms.tiers[line.tier or 0]
    if line.kind == "tier fee":
        return f"Flat fee of the tier {range_words(line.first or 1, tier.up_to)} {units}"
    if part.terms.tiers_mode == "volume":
        return f"All {number(int(line.quantity))} {units} at {each}"
    is_included = not tier.unit_amount and not tier.flat_amount
    words = charge_words(tier, part.terms.currency) if is_included else f"{number(int(line.quantity))} at {each}"
    return f"{range_words(line.first or 1, int(line.last or Decimal(0)))} {units}: {words}"
