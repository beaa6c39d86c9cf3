"""The money attributes of a price: amounts, tiers, currencies and recurrence, checked and in Stripe's shape."""

from decimal import Decimal

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.parameters import inside
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.currencies import check_currency

LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}
UNIT_AMOUNTS = ("unit_amount", "unit_amount_decimal", "custom_unit_amount")


def money_parts(call: Call, given: Document) -> Document:
    """The attributes of a price that never change. Raises Refused."""
    currency = check_currency(given["currency"], "currency")
    check_amounts(given)
    recurring = recurring_part(call, given)
    return {
        "billing_scheme": given.get("billing_scheme", "per_unit"),
        "currency": currency,
        "currency_options": currency_options(given, currency),
        "recurring": recurring,
        "tiers_mode": given.get("tiers_mode"),
        "transform_quantity": given.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        **money(given),
    }


def check_amounts(given: Document) -> None:
    """Raises Refused unless the amounts fit the billing scheme."""
    if given.get("billing_scheme") == "tiered":
        check_tiered(given)
        return
    for name in ("tiers", "tiers_mode"):
        if name in given:
            raise invalid(f"`{name}` can only be used with `billing_scheme=tiered`.", name)
    check_one_amount(given, "")
    if "custom_unit_amount" in given and "recurring" in given:
        raise invalid("You cannot use `custom_unit_amount` with recurring prices.", "custom_unit_amount")


def check_one_amount(given: Document, path: str) -> None:
    """Raises Refused unless exactly one amount is given."""
    amounts = [name for name in UNIT_AMOUNTS if name in given]
    if len(amounts) > 1:
        message = f"You may only specify one of these parameters: {', '.join(amounts)}."
        raise invalid(message, inside(path, amounts[0]), "parameters_exclusive")
    if not amounts:
        message = "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set."
        raise invalid(message, inside(path, "unit_amount"), "parameter_missing")


def check_tiered(given: Document) -> None:
    """Raises Refused unless the price has tiers and no parameter that conflicts with them."""
    for name in ("tiers", "tiers_mode"):
        if name not in given:
            raise invalid(f"`{name}` must be provided when `billing_scheme=tiered`.", name, "parameter_missing")
    for name in (*UNIT_AMOUNTS, "transform_quantity"):
        if name in given:
            raise invalid(f"You cannot specify `{name}` when `billing_scheme=tiered`.", name)
    if "recurring" not in given:
        raise invalid("Tiered prices must be recurring.", "recurring", "parameter_missing")
    check_tiers(given["tiers"], "tiers")


def check_tiers(tiers: list[Document], path: str) -> None:
    """Raises Refused unless the tiers rise, each costs something and the last is open."""
    if not tiers or tiers[-1]["up_to"] != "inf":
        raise invalid("The last tier must have `up_to` set to `inf`.", path)
    below = 0
    for position, tier in enumerate(tiers):
        here = f"{path}[{position}]"
        last = position == len(tiers) - 1
        if not last and (tier["up_to"] == "inf" or tier["up_to"] <= below):
            raise invalid("Tiers must be in ascending order of `up_to`, and only the last may be `inf`.", here)
        below = below if last else tier["up_to"]
        check_tier(tier, here)


def check_tier(tier: Document, path: str) -> None:
    """Raises Refused for a tier without an amount, with two of one kind, or with an invalid flat amount."""
    if not any(name in tier for name in ("unit_amount", "unit_amount_decimal", "flat_amount", "flat_amount_decimal")):
        raise invalid("Each tier must have a `unit_amount` or a `flat_amount`.", path, "parameter_missing")
    for whole in ("unit_amount", "flat_amount"):
        if whole in tier and f"{whole}_decimal" in tier:
            message = f"You may only specify one of these parameters: {whole}, {whole}_decimal."
            raise invalid(message, f"{path}[{whole}]", "parameters_exclusive")
    flat = tier.get("flat_amount_decimal", Decimal(0))
    if flat != flat.to_integral_value():
        raise invalid("`flat_amount_decimal` must be a whole number.", f"{path}[flat_amount_decimal]")


def currency_options(given: Document, currency: str) -> Document:
    """The amounts by currency, the base currency's among them. Raises Refused."""
    options = {currency: money(given)}
    for name, option in given.get("currency_options", {}).items():
        options[check_option(given.get("billing_scheme", "per_unit"), name, option)] = money(option)
    return options


def with_options(price: Document, given: Document | str) -> Document:
    """The amounts by currency after an update; an empty string removes all but the base's. Raises Refused."""
    base = {price["currency"]: price["currency_options"][price["currency"]]}
    if not isinstance(given, dict):
        return base
    changed = {check_option(price["billing_scheme"], name, option): money(option) for name, option in given.items()}
    return {**price["currency_options"], **changed}


def check_option(scheme: str, name: str, option: Document) -> str:
    """The currency of an option in lower case. Raises Refused unless its amounts fit the scheme."""
    path = f"currency_options[{name}]"
    currency = check_currency(name, path)
    if scheme == "tiered":
        if "tiers" not in option:
            raise invalid("Tiered prices need `tiers` in each currency.", f"{path}[tiers]", "parameter_missing")
        check_tiers(option["tiers"], f"{path}[tiers]")
    else:
        check_one_amount(option, path)
    return currency


def money(given: Document) -> Document:
    """The amount attributes, in whole and decimal form."""
    custom = given.get("custom_unit_amount")
    if custom is not None:
        custom = {name: custom.get(name) for name in ("maximum", "minimum", "preset")}
    tiers = given.get("tiers")
    parts: Document = {
        "custom_unit_amount": custom,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        **both(given, "unit_amount"),
    }
    if tiers is not None:
        parts["tiers"] = [tier_shape(tier) for tier in tiers]
    return parts


def tier_shape(tier: Document) -> Document:
    """A tier as Stripe shows it."""
    up_to = None if tier["up_to"] == "inf" else tier["up_to"]
    return {**both(tier, "flat_amount"), **both(tier, "unit_amount"), "up_to": up_to}


def both(given: Document, name: str) -> Document:
    """An amount in its two spellings; the whole one is null when there are fractions."""
    exact = given.get(f"{name}_decimal", given.get(name))
    if exact is None:
        return {name: None, f"{name}_decimal": None}
    number = Decimal(exact)
    text = format(number, "f")
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return {name: int(number) if number == number.to_integral_value() else None, f"{name}_decimal": plain}


def recurring_part(call: Call, given: Document) -> Document | None:
    """The recurring attributes. Raises Refused for periods over three years and meters that do not fit."""
    recurring = given.get("recurring")
    if recurring is None:
        return None
    interval, count = recurring["interval"], recurring.get("interval_count", 1)
    if count > LONGEST[interval]:
        message = f"The interval count must be at most {LONGEST[interval]} for the interval {interval}."
        raise invalid(message, "recurring[interval_count]")
    usage_type = recurring.get("usage_type", "licensed")
    check_meter(call, recurring, usage_type)
    return {
        "interval": interval,
        "interval_count": count,
        "meter": recurring.get("meter"),
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": usage_type,
    }


def check_meter(call: Call, recurring: Document, usage_type: str) -> None:
    """Raises Refused: metered prices need an active meter, licensed ones take none."""
    path = "recurring[meter]"
    if usage_type == "licensed":
        if "meter" in recurring:
            raise invalid("You can only specify a meter for prices with `usage_type=metered`.", path)
        return
    if "meter" not in recurring:
        message = "Metered prices must be backed by a meter: specify `recurring[meter]`."
        raise invalid(message, path, "parameter_missing")
    meter = call.need("billing.meter", recurring["meter"], path, status=400)
    if meter["status"] != "active":
        raise invalid(f"The meter {meter['id']} is inactive and cannot be attached to a price.", path)
