"""The form that creates a price at Stripe: its fields, its rows of tiers, and its errors."""

import re
import secrets
from collections.abc import Sequence
from typing import Self, cast, get_args

from babel import Locale
from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    StringField,
    TextAreaField,
)

from billingportal.domain.common.form_errors import FormErrors
from billingportal.domain.plans.price_links import Link
from billingportal.domain.prices.amount_input import TypedTier
from billingportal.domain.prices.drafts import NEW, Answers
from billingportal.limits import whole_number
from billingportal.models.plans.plan_price import PriceRole
from billingportal.money import COMMON, CURRENCIES
from billingportal.web.common.forms import PortalForm

MOST_TIERS = 50
# Rows that were removed leave gaps, so that places go beyond the number of rows.
LAST_PLACE = 9999
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,43}")
Choice = tuple[str, str]
ENGLISH = Locale("en")
PERIODS = [("day", "days"), ("week", "weeks"), ("month", "months"), ("year", "years")]
USAGES = [("licensed", "Ahead, for what is bought"), ("metered", "Afterwards, for what was used (usage-based)")]
MODELS = [
    ("per_unit", "Flat rate, or the same for each"),
    ("package", "Per package"),
    ("volume", "Tiered · Volume: one tier prices all"),
    ("graduated", "Tiered · Graduated: each tier prices what is inside it"),
]
AGGREGATIONS = [("sum", "Add the values up"), ("count", "Count the events"), ("last", "Take the last value")]
TAXES = [
    ("unspecified", "As set in your Stripe account"),
    ("exclusive", "Tax comes on top"),
    ("inclusive", "Tax is included"),
]


def currency_choices() -> list[tuple[str, str]]:
    """The usual currencies first, then the others."""
    codes = [*COMMON, *sorted(CURRENCIES - set(COMMON))]
    return [(code, f"{code.upper()} · {ENGLISH.currencies.get(code.upper(), code.upper())}") for code in codes]


CHOICES = {
    "usage": USAGES,
    "model": MODELS,
    "currency": currency_choices(),
    "package_rounding": [("up", "counts in full"), ("down", "is free")],
    "interval": PERIODS,
    "aggregation": AGGREGATIONS,
    "tax_behavior": TAXES,
}


def choices(products: Sequence[Choice], meters: Sequence[Choice]) -> dict[str, list[Choice]]:
    """The choices of each field. A new product or meter is always one of them."""
    return {**CHOICES, "product": [(NEW, "New product"), *products], "meter": [(NEW, "New meter"), *meters]}


class TierForm(Form):
    """One tier. Its fields are named by their row in the table."""

    up_to = StringField("Up to")
    unit_amount = StringField("Price each")
    flat_amount = StringField("Flat fee")


class PriceForm(PortalForm):
    """Stripe's own fields of a price. Their ids are prefixed, since the form can be on the page of a plan's form."""

    token = HiddenField(id="new-price-token")
    into = HiddenField(id="new-price-into")
    plan = HiddenField(id="new-price-plan")
    role = HiddenField(id="new-price-role")
    resource = HiddenField(id="new-price-resource")
    product = StringField("Product", id="new-price-product", default=NEW)
    name = StringField("Name", id="new-price-name", description="Clients see it at checkout and on invoices.")
    description = TextAreaField("Description", id="new-price-description", render_kw={"rows": 2})
    usage = StringField("When is it charged?", id="new-price-usage", default="licensed")
    model = StringField("Pricing model", id="new-price-model", default="per_unit")
    currency = StringField("Currency", id="new-price-currency")
    amount = StringField("Amount", id="new-price-amount", description="For example 29.00, or 0.004 for each unit.")
    package_size = StringField("Units in a package", id="new-price-package-size")
    package_rounding = StringField("A part of a package", id="new-price-package-rounding", default="up")
    tiers = FieldList(FormField(TierForm), min_entries=2, max_entries=MOST_TIERS)
    interval_count = StringField("Billed every", id="new-price-interval-count", default="1")
    interval = StringField("Period", id="new-price-interval", default="month")
    meter = StringField("Meter", id="new-price-meter", default=NEW)
    meter_name = StringField("Name of the meter", id="new-price-meter-name")
    event_name = StringField(
        "Event name", id="new-price-event-name", description="What usage is reported under, for example messages_sent."
    )
    aggregation = StringField("Usage in a period", id="new-price-aggregation", default="sum")
    tax_behavior = StringField("Tax", id="new-price-tax-behavior", default="unspecified")
    lookup_key = StringField(
        "Lookup key (optional)",
        id="new-price-lookup-key",
        description="A name of your own for this price, which can move to a later one.",
    )
    moves_lookup_key = BooleanField("Take this lookup key from the price that has it", id="new-price-moves-lookup-key")

    @classmethod
    def of_request(cls) -> Self:
        """Drop invalid rows: WTForms reads digits of any script and length as a row number, and fails on some."""
        return cls(MultiDict((name, value) for name, value in request.form.items(multi=True) if has_place(name)))

    def keep_token(self) -> str:
        """The form's own token, created with it and kept across submissions."""
        if not TOKEN.fullmatch(self.token.data or ""):
            self.token.data = secrets.token_urlsafe(24)
        return str(self.token.data)

    def add_tier(self) -> None:
        """Add a row before the last, which stays the open-ended tier. Typed values stay."""
        rows = typed_rows(self)
        if len(rows) < MOST_TIERS:
            self.set_rows([*rows[:-1], TypedTier(), *rows[-1:]])

    def remove_tier(self, place: int) -> None:
        rows = typed_rows(self)
        if len(rows) > 1 and 0 <= place < len(rows):
            self.set_rows(rows[:place] + rows[place + 1 :])

    def set_rows(self, rows: list[TypedTier]) -> None:
        while self.tiers.entries:
            self.tiers.pop_entry()
        self.tiers.min_entries = 0
        for row in rows:
            self.tiers.append_entry(vars(row))

    def answers(self) -> Answers:
        """The typed values, for `read_draft`."""
        texts = {
            name: str(self[name].data or "")
            for name in Answers.__dataclass_fields__
            if name not in ("tiers", "moves_lookup_key")
        }
        return Answers(**texts, tiers=tuple(typed_rows(self)), moves_lookup_key=bool(self.moves_lookup_key.data))

    def number(self, name: str) -> int | None:
        """A row id from a hidden field."""
        return whole_number(str(self[name].data or ""))

    def link(self, price_id: str) -> Link:
        """The link between the new price and the requesting plan."""
        chosen = cast(PriceRole, self.role.data if self.role.data in get_args(PriceRole) else "flat")
        return Link(price_id, chosen, None if chosen == "flat" else self.number("resource"))

    def refuse_all(self, mistakes: FormErrors) -> None:
        """Show each error at its field, also inside the table."""
        for refusal in mistakes.refusals:
            cell = self.cell(refusal.field)
            if cell is None:
                self.refuse(refusal)
            else:
                cell.errors = [refusal.message]
                self.tiers.errors = [*self.tiers.errors, refusal.message]

    def cell(self, name: str) -> Field | None:
        """A field of the table by its name, `tiers-<row>-<field>`."""
        for entry in self.tiers.entries:
            for field in entry.form:
                if field.name == name:
                    return field
        return None


def has_place(name: str) -> bool:
    """Whether a field of the table has a valid row number. Fields outside the table need none."""
    table, dash, rest = name.partition("-")
    return table != "tiers" or not dash or whole_number(rest.partition("-")[0], LAST_PLACE) is not None


def typed_rows(form: PriceForm) -> list[TypedTier]:
    return [
        TypedTier(*(str(entry.form[name].data or "") for name in ("up_to", "unit_amount", "flat_amount")))
        for entry in form.tiers.entries
    ]


def first_form(currency: str | None) -> PriceForm:
    """An empty form; URL parameters may preset its purpose and its likely values."""
    likely = {"currency": currency or "usd"}
    asked = {
        name: request.args[name]
        for name in ("into", "plan", "role", "resource", "name", "usage", "model", "interval", "currency")
        if name in request.args
    }
    return PriceForm(data={**likely, **asked})
