"""The draft of a new price: the answers to the form, checked before any request to Stripe."""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from billingportal.domain.common.form_errors import FormErrors, Reader
from billingportal.domain.prices import amount_input
from billingportal.domain.prices.amount_input import TypedTier
from billingportal.domain.prices.pricing import Package, Terms
from billingportal.domain.prices.references import LONGEST_LOOKUP_KEY, is_id
from billingportal.errors import Refusal
from billingportal.money import CURRENCIES

Usage = Literal["licensed", "metered"]
Model = Literal["per_unit", "package", "volume", "graduated"]
Interval = Literal["day", "week", "month", "year"]
Aggregation = Literal["sum", "count", "last"]
TaxBehavior = Literal["unspecified", "exclusive", "inclusive"]
LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}  # three years, as at Stripe
NEW = "new"


@dataclass(frozen=True)
class Answers:
    """The answers to the form, as text. `product` and `meter` are ids, or `new`."""

    product: str = NEW
    name: str = ""
    description: str = ""
    usage: str = "licensed"
    model: str = "per_unit"
    currency: str = ""
    amount: str = ""
    package_size: str = ""
    package_rounding: str = "up"
    tiers: tuple[TypedTier, ...] = ()
    interval: str = "month"
    interval_count: str = "1"
    meter: str = NEW
    meter_name: str = ""
    event_name: str = ""
    aggregation: str = "sum"
    lookup_key: str = ""
    moves_lookup_key: bool = False
    tax_behavior: str = "unspecified"


@dataclass(frozen=True)
class NewProduct:
    name: str
    description: str | None


@dataclass(frozen=True)
class NewMeter:
    """Usage is reported under `event_name`, and within a period summed, counted, or the last value is taken."""

    display_name: str
    event_name: str
    aggregation: Aggregation


@dataclass(frozen=True)
class PriceDraft:
    """A price ready to be created at Stripe. `product` and `meter` are ids where they exist already."""

    product: NewProduct | str
    terms: Terms
    usage: Usage
    interval: Interval
    interval_count: int
    meter: NewMeter | str | None
    lookup_key: str | None
    moves_lookup_key: bool
    tax_behavior: TaxBehavior


def read_draft(answers: Answers) -> PriceDraft:
    """The draft in the answers. Raises FormErrors with every refusal."""
    reader = Reader()
    product = reader.take(lambda: product_of(answers))
    terms = reader.take(lambda: terms_of(answers))
    interval = reader.take(lambda: choice("interval", answers.interval, Interval))
    count = reader.take(lambda: interval_count_of(answers))
    usage = reader.take(lambda: choice("usage", answers.usage, Usage))
    meter = reader.take(lambda: meter_of(answers) if answers.usage == "metered" else None)
    lookup_key = reader.take(lambda: lookup_key_of(answers))
    tax_behavior = reader.take(lambda: choice("tax_behavior", answers.tax_behavior, TaxBehavior))
    # An unreadable answer is None and has its refusal; a meter and a lookup key may be None without one.
    if reader.refusals or not (product and terms and interval and count and usage and tax_behavior):
        raise FormErrors(reader.refusals)
    return PriceDraft(
        product=product,
        terms=terms,
        usage=cast(Usage, usage),
        interval=cast(Interval, interval),
        interval_count=count,
        meter=meter,
        lookup_key=lookup_key,
        moves_lookup_key=answers.moves_lookup_key and lookup_key is not None,
        tax_behavior=cast(TaxBehavior, tax_behavior),
    )


def choice(name: str, value: str, allowed: object) -> str:
    if value not in get_args(allowed):
        raise Refusal(name, "Choose one of these.")
    return value


def product_of(answers: Answers) -> NewProduct | str:
    if answers.product != NEW:
        return answers.product
    name, description = " ".join(answers.name.split()), answers.description.strip()
    if not name:
        raise Refusal("name", "Give the product a name. Clients see it at checkout and on invoices.")
    refuse_long("name", name, 250)
    refuse_long("description", description, 1000)
    return NewProduct(name, description or None)


def refuse_long(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise Refusal(name, f"Use at most {longest} characters; these are {len(text)}.")


def terms_of(answers: Answers) -> Terms:
    currency = answers.currency.strip().lower()
    if currency not in CURRENCIES:
        raise Refusal("currency", "Choose a currency that Stripe takes.")
    model = choice("model", answers.model, Model)
    if model in ("volume", "graduated"):
        tiers = amount_input.tiers(answers.tiers, currency)
        return Terms(currency, tiers=tiers, tiers_mode="volume" if model == "volume" else "graduated")
    reader = Reader()
    package = reader.take(lambda: package_of(answers)) if model == "package" else None
    amount = reader.take(lambda: amount_input.unit_amount("amount", answers.amount, currency))
    if reader.refusals or amount is None:
        raise FormErrors(reader.refusals)
    return Terms(currency, amount, package)


def package_of(answers: Answers) -> Package:
    size = amount_input.whole("package_size", answers.package_size, "How many are in a package? For example 1000.")
    return Package(size, "down" if answers.package_rounding == "down" else "up")


def interval_count_of(answers: Answers) -> int:
    count = amount_input.whole("interval_count", answers.interval_count, "Type a whole number, for example 1.")
    longest = LONGEST.get(answers.interval, count)
    if count > longest:
        raise Refusal("interval_count", f"A billing period lasts three years at most, which is {longest} here.")
    return count


def meter_of(answers: Answers) -> NewMeter | str:
    if answers.meter != NEW:
        return answers.meter
    reader = Reader()
    name = reader.take(lambda: meter_name_of(answers))
    event_name = reader.take(lambda: event_name_of(answers))
    aggregation = reader.take(lambda: choice("aggregation", answers.aggregation, Aggregation))
    if reader.refusals or not (name and event_name and aggregation):
        raise FormErrors(reader.refusals)
    return NewMeter(name, event_name, cast(Aggregation, aggregation))


def meter_name_of(answers: Answers) -> str:
    name = " ".join(answers.meter_name.split())
    if not name:
        raise Refusal("meter_name", "Give the meter a name, for example “Messages sent”.")
    refuse_long("meter_name", name, 250)
    return name


def event_name_of(answers: Answers) -> str:
    name = answers.event_name.strip()
    if not re.fullmatch(r"[A-Za-z0-9_.\-]{1,100}", name):
        raise Refusal("event_name", "Use letters, digits, points, hyphens and underscores, for example messages_sent.")
    return name


def lookup_key_of(answers: Answers) -> str | None:
    key = answers.lookup_key.strip()
    if not key:
        return None
    if len(key) > LONGEST_LOOKUP_KEY or not key.isprintable():
        raise Refusal("lookup_key", f"Use at most {LONGEST_LOOKUP_KEY} characters.")
    if key.startswith("price_") or is_id(key):
        raise Refusal("lookup_key", "A lookup key that looks like an ID of Stripe would be mistaken for one.")
    return key
