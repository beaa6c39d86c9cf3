"""A visitor's choice on the pricing page: read from URL parameters, and written into them."""

from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from billingportal.domain.offers.payment_options import Payment
from billingportal.domain.offers.pricing_page import Asked, Card, slug
from billingportal.limits import whole_number
from billingportal.models.connection.processor_account import MODES, Mode

RETURNING = "returning"


def asked(given: MultiDict[str, str]) -> Asked:
    """Links have `plan=7&quantity=2500`; the page's own form, with many plans in it, `quantity.7.contacts=2500`.

    A plan that is sold by more than one quantity has `quantity.team_members=5` in links for the others.
    """
    plan_id = whole_number(given.get("plan", ""))
    quantities: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for name, value in given.items():
        first, *rest = name.split(".")
        if first != "quantity":
            continue
        if len(rest) == 2 and (named := whole_number(rest[0])) is not None:
            quantities[named][rest[1]] = value
        elif len(rest) < 2 and plan_id is not None:
            quantities[plan_id].setdefault("".join(rest), value)
    return Asked(given.get("interval", ""), given.get("currency", ""), plan_id, quantities)


def mode_of(given: MultiDict[str, str]) -> Mode | None:
    """The mode named in the URL, meant for staff; None means the mode in which the portal sells."""
    mode = given.get("mode")
    return next((known for known in MODES if known == mode), None)


def is_returning(given: MultiDict[str, str]) -> bool:
    """Whether the URL is meant for clients who have no trial left. The page is the same for all who open it."""
    return given.get(RETURNING) == "1"


def pricing_address(*, returning: bool) -> str:
    """The address of the pricing page, without trials for a client who has none left."""
    return url_for("pricing.show", returning="1" if returning else None)


def choice_values(card: Card, payment: Payment | None, mode: Mode | None) -> dict[str, str]:
    """A choice as URL parameters."""
    values = {"plan": str(card.plan.id)}
    if payment is not None:
        values |= {"interval": slug(payment.period), "currency": payment.currency}
        values |= quantity_values(card, payment)
    return values | ({"mode": mode} if mode else {})


def with_choice(path: str, values: Mapping[str, str]) -> str:
    """A URL that carries the choice."""
    return f"{path}?{urlencode(values)}" if values else path


def quantity_values(card: Card, payment: Payment) -> dict[str, str]:
    """The quantities as URL parameters. The card's first one is plain `quantity`."""
    return {
        f"quantity.{one.key}" if card.quantities.index(one) else "quantity": str(one.number) for one in payment.bought
    }
