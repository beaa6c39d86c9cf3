"""Numbers, ids and dates as nobody types them, in every query and form that reads some: the field's own error or the
page without them, never a failure, and nothing that takes long."""

from collections.abc import Mapping

import pytest
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.plans.terms import Limit
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import add_account, new_plan, resource_id
from tests.support.pages import Visitor
from tests.support.people.clients import new_client

NUMBERS = (
    "9" * 31, "9" * 5000, "1e999999", "0x10", "--1", "-1", "1_000", "٣", "²", "NaN", "Infinity", "1.5", "2147483648",
    "9223372036854775808", " ",
)  # fmt: skip
DATES = ("0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "99999999999-01-01", "2027-02-30", "٢٠٢٧-٠١-٠١",
         "-2027-01-01", "2027-13-01", "2027-1e9-01", "9" * 5000)  # fmt: skip
QUERIES = (
    "/saas/clients?plan={}",
    "/saas/clients?page={}",
    "/saas/clients/export.csv?plan={}&page={}",
    "/saas/events?before={}",
    "/saas/events?after={}",
    "/saas/clients/adoption?page={}",
    "/saas/clients/adoption/ignored?page={}",
    "/saas/clients/CLIENT/timeline?before={}",
    "/saas/clients/CLIENT/timeline?before={}.{}-audit-{}",
    "/saas/clients/CLIENT/timeline?before=1.1-audit-{}",
    "/saas/clients/CLIENT/timeline?before={}.1-paid-1",
    "/saas/clients/CLIENT/invoices?before={}",
    "/saas/clients/CLIENT/quota-overrides?resource={}",
    "/saas/clients/CLIENT/plan?plan={}&quantity.{}.contacts={}",
    "/saas/clients/CLIENT/plan/preview?plan=PLAN&quantity={}&timing={}",
    "/saas/plans/quote?text=price_1&use=quantity:{}&n_CONTACTS={}",
    "/saas/prices/resolve?text=price_1&use=quantity:{}",
    "/saas/prices/new?plan={}&resource={}&interval={}",
    "/settings/mail?before={}",
    "/portal/pricing?plan={}&quantity={}&quantity.{}.contacts={}",
    "/portal/sign-up?plan={}&quantity={}",
)
GOOD_PLAN = {"name": "Pro", "trial_days": "0", "revision": "1"}
GOOD_CLIENT = {"name": "Harbor", "email": "office@harbor.example", "plan": "default", "way": "link"}
GOOD_PRICE = {"product": "new", "name": "Pro", "usage": "licensed", "model": "volume", "currency": "usd",
              "amount": "29.00", "interval_count": "1", "interval": "month"}  # fmt: skip
GOOD_MAIL = {"host": "smtp.example.com", "port": "465", "security": "tls", "sender": "billing@example.com"}
# Address, what is right about the form, and the field that is not, with the field that its error stands at.
FORMS: tuple[tuple[str, Mapping[str, str], str], ...] = (
    ("/saas/plans", GOOD_PLAN, "quota_CONTACTS"),
    ("/saas/plans", GOOD_PLAN, "trial_days"),
    ("/saas/clients", GOOD_CLIENT, "plan"),
    ("/saas/clients/CLIENT/comp", {"reason": "Why not"}, "plan"),
    ("/saas/clients/CLIENT/quota-overrides", {"reason": "Why not", "resource": "CONTACTS"}, "quota"),
    ("/saas/clients/CLIENT/quota-overrides", {"reason": "Why not", "quota": "5"}, "resource"),
    ("/saas/clients/CLIENT/workspaces/WORKSPACE/move", {}, "target"),
    ("/settings/failed-payments", {"warn_after_days": "0", "suspend_after_days": "9"}, "limit_after_days"),
    ("/settings/mail", GOOD_MAIL, "port"),
    ("/saas/prices", GOOD_PRICE | {"model": "per_unit"}, "amount"),
    ("/saas/prices", GOOD_PRICE | {"model": "per_unit"}, "interval_count"),
    ("/saas/prices", GOOD_PRICE | {"model": "package"}, "package_size"),
    ("/saas/prices", GOOD_PRICE | {"tiers-1-unit_amount": "1"}, "tiers-0-up_to"),
)
# What is hidden in a form leads to the form as it is now, or does not count.
HIDDEN: tuple[tuple[str, Mapping[str, str], str], ...] = (
    ("/saas/plans/PLAN", GOOD_PLAN, "revision"),
    ("/saas/plans", GOOD_PLAN, "remove_price"),
    ("/saas/plans", GOOD_PLAN | {"text": "price_1"}, "use"),
    ("/saas/clients/CLIENT", GOOD_CLIENT, "revision"),
    ("/saas/clients/CLIENT/notes", {"notes": "Calls on Mondays"}, "revision"),
    ("/saas/clients/adoption/cus_1/link", {}, "client_id"),
    ("/saas/prices/tiers", GOOD_PRICE, "row"),
    ("/saas/prices", GOOD_PRICE, "plan"),
    ("/saas/plans/proofs", {"text": "price_1", "use": "quantity:CONTACTS"}, "n_CONTACTS"),
    ("/saas/clients/CLIENT/plan", {"plan": "PLAN", "timing": "now"}, "prorated_at"),
)
NOT_NUMBERS = tuple(number for number in NUMBERS if number.strip())


@pytest.fixture
def names(session: Session, owner: Staff) -> dict[str, str]:
    """What stands for the ids of rows in the tables above."""
    contacts = resource_id(session, "contacts")
    plan_id = new_plan(owner.id, "Free", is_active=True, quotas={contacts: Limit(100)})
    with transaction() as writing:
        add_account(writing)
    client_id = new_client("Harbor Dental", workspace_name="Desk")
    return {"CLIENT": str(client_id), "PLAN": str(plan_id), "CONTACTS": str(contacts), "WORKSPACE": "1"}


@pytest.fixture
def visitor(signed_in: Visitor) -> Visitor:
    signed_in.application.testing = False
    signed_in.application.config["PROPAGATE_EXCEPTIONS"] = False
    return signed_in


def filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def test_in_queries(visitor: Visitor, names: dict[str, str]) -> None:
    found = {}
    for query in QUERIES:
        path, _, wanted = filled(query, names).partition("?")
        for number in NUMBERS:
            given = dict(pair.replace("{}", number).split("=", 1) for pair in wanted.split("&"))
            found[query, number[:20]] = visitor.get(path, query_string=given).status_code

    assert {place: status for place, status in found.items() if status >= 500 and status != 503} == {}


def send(visitor: Visitor, names: Mapping[str, str], form: tuple[str, Mapping[str, str], str], value: str) -> int:
    path, right, field = form
    values = {name: filled(given, names) for name, given in right.items()} | {filled(field, names): value}
    return visitor.submit(filled(path, names), values).status_code


def test_in_forms_each_has_an_error_of_its_own(visitor: Visitor, names: dict[str, str]) -> None:
    found = {
        (form[0], form[2], number[:20]): send(visitor, names, form, number)
        for form in FORMS
        for number in NOT_NUMBERS
        if not (form[2] in ("quota_CONTACTS", "quota", "amount") and number in ("1.5", "2147483648"))
    }

    assert {place: status for place, status in found.items() if status != 422} == {}


def test_in_what_is_hidden_in_forms(visitor: Visitor, names: dict[str, str]) -> None:
    found = {
        (form[0], form[2], number[:20]): send(visitor, names, form, number) for form in HIDDEN for number in NUMBERS
    }

    assert {place: status for place, status in found.items() if status >= 500 and status != 503} == {}


def test_in_the_names_of_fields(visitor: Visitor, names: dict[str, str]) -> None:
    for place in NUMBERS:
        values = {f"tiers-{place}-up_to": "1", f"quota_{place}": "1", f"n_{place}": "1", "row": "add"}
        for path in ("/saas/prices/tiers", "/saas/prices", "/saas/plans"):
            assert visitor.submit(path, GOOD_PRICE | values).status_code < 500, (path, place)


def test_days_that_no_calendar_has(visitor: Visitor, names: dict[str, str]) -> None:
    reason = {"reason": "Why not"}
    forms: tuple[tuple[str, Mapping[str, str], str], ...] = (
        ("/saas/clients/CLIENT/comp", reason | {"plan": "PLAN"}, "expires_on"),
        ("/saas/clients/CLIENT/quota-overrides", reason | {"resource": "CONTACTS", "quota": "5"}, "expires_on"),
        ("/saas/clients", GOOD_CLIENT | {"name": "x"}, "expires_on"),
    )
    found = {(form[0], day[:20]): send(visitor, names, form, day) for form in forms for day in DATES}

    assert {place: status for place, status in found.items() if status >= 500} == {}
    assert {status for (_, day), status in found.items() if day in ("0000-00-00", "2027-02-30")} == {422}


def test_the_last_day_of_all_is_a_day_like_another(visitor: Visitor, names: dict[str, str]) -> None:
    given = {"reason": "Why not", "expires_on": "9999-12-31"}
    client = f"/saas/clients/{names['CLIENT']}"
    assert visitor.submit(f"{client}/comp", given | {"plan": names["PLAN"]}).status_code == 303
    override = given | {"resource": names["CONTACTS"], "quota": "5"}
    assert visitor.submit(f"{client}/quota-overrides", override).status_code == 303

    for page in (client, f"{client}/comp", f"{client}/quota-overrides", f"{client}/timeline", "/saas/clients"):
        assert visitor.get(page).status_code == 200, page
