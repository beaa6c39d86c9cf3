"""Ids in addresses: those that no row can have lead nowhere, on both databases, whatever the route."""

import pytest
from flask import Flask

from billingportal.web.common.input.ids import BigIdConverter, IdConverter
from tests.support.pages import Visitor

LARGEST = {IdConverter: 2**31 - 1, BigIdConverter: 2**63 - 1}
BEYOND = {IdConverter: ("2147483648", "9223372036854775807"), BigIdConverter: ("9223372036854775808",)}
NO_IDS = ("0", "-1", "00", "01", "1e3", "0x10", "1_0", "٣", "1.0", "9" * 40, "9" * 5000, "1" + "0" * 30, "NaN", "²")


def id_routes(app: Flask) -> list[tuple[str, str, type[IdConverter]]]:
    """Method, pattern and the kind of id, for each id of each route. The other ids of an address are 1."""
    found = []
    for rule in app.url_map.iter_rules():
        method = "POST" if "POST" in (rule.methods or set()) else "GET"
        for name, converter in rule._converters.items():
            if isinstance(converter, IdConverter):
                others = {other: "1" for other in rule.arguments if other != name}
                pattern = "".join(
                    part if not is_name else others.get(part, "{}") for is_name, part in rule._trace
                ).removeprefix("|")
                found.append((method, pattern, type(converter)))
    return found


def test_no_route_takes_numbers_in_another_way(app: Flask) -> None:
    named = {name for rule in app.url_map.iter_rules() for name in rule.arguments if name.endswith("_id")}
    by_text = {"customer_id", "stripe_invoice_id", "subscription_id"}  # Stripe's own ids
    checked = {
        name
        for rule in app.url_map.iter_rules()
        for name, converter in rule._converters.items()
        if isinstance(converter, IdConverter)
    }

    assert checked == named - by_text
    assert "<int:" not in " ".join(rule.rule for rule in app.url_map.iter_rules())


def test_an_id_that_no_row_can_have_leads_nowhere(app: Flask, signed_in: Visitor) -> None:
    app.testing = False
    token = {"X-CSRF-Token": signed_in.csrf_token()}
    statuses = {
        (method, pattern, value[:20]): signed_in.open(pattern.format(value), method=method, headers=token).status_code
        for method, pattern, kind in id_routes(app)
        for value in (*NO_IDS[:2], NO_IDS[-4], *BEYOND[kind])
    }

    assert len(statuses) > 150
    assert {place: status for place, status in statuses.items() if status != 404} == {}


def test_the_largest_ids_are_looked_up(app: Flask, signed_in: Visitor) -> None:
    """Strangers to the client's own pages get 401: what matters is that no database fails on them."""
    token = {"X-CSRF-Token": signed_in.csrf_token()}
    statuses = {
        (method, pattern): signed_in.open(pattern.format(LARGEST[kind]), method=method, headers=token).status_code
        for method, pattern, kind in id_routes(app)
    }

    assert set(statuses.values()) <= {303, 401, 404, 409, 422}


@pytest.mark.parametrize("value", NO_IDS)
def test_an_id_is_written_in_one_way_only(signed_in: Visitor, value: str) -> None:
    assert signed_in.get(f"/saas/clients/{value}").status_code == 404
    assert signed_in.get(f"/saas/events/{value}").status_code == 404
