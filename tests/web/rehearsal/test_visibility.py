"""No page, export, search or figure shows a throw-away client: every address of the portal is looked at."""

import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select

from billingportal.api.operations import all_operations
from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.models import OutgoingEndpoint, PlanPrice, PriceMove, Staff
from billingportal.models.rehearsal.visibility import full_transaction
from tests.support.api.callers import new_key
from tests.support.metering.metered import Metered
from tests.support.pages import Visitor
from tests.support.rehearsal.throw_away import MARK, ThrowAway, add_throw_away, first_ids, reveal

Ids = Mapping[str, int]
one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PASSING = re.compile(
    r'nonce="[^"]*"|csrf[^>]*|"X-CSRF-Token": ?"[^"]*"|Reference <span class="mono">\w+|\d+ seconds? ago'
    r'|name="token" type="hidden" value="[^"]*"|just now|\d+ minutes? ago|\d\d:\d\d(:\d\d)? UTC'
    r'|datetime="[^"]*"|seen=\w+|\d+\.\d+|billingportal_requests_.*\n'
)
# The tables of ids whose names do not say it.
TABLES = {
    "event": "stripe_event",
    "delivery": "outgoing_delivery",
    "row": "client_meter",
    "endpoint": "outgoing_endpoint",
    "key": "api_key",
    "move": "price_move",
}
# Addresses that a throw-away client would be seen at, if it were one like any other.
WOULD_SHOW = {
    "client_usage.show",
    "clients.export",
    "clients.index",
    "clients.show",
    "client_notes.show_timeline",
    "events.index",
    "ledger.index",
    "mail_settings.edit",
    "outgoing_webhooks.show",
    "price_moves.edit",
    "usage.index",
}
CLIENT_PAGES = WOULD_SHOW & {"clients.show", "client_usage.show", "client_notes.show_timeline"}


@pytest.fixture
def shop(messages: Metered) -> Metered:
    """A client that uses something, and whatever else the addresses name."""
    messages.subscribe("Harbor")
    messages.use(5)
    messages.world.work()
    app = messages.world.app
    new_key(app, messages.staff_id)
    account_id = messages.world.row().id
    with transaction() as session:
        link = session.scalars(select(PlanPrice)).first()
        assert link is not None
        session.add(
            PriceMove(
                plan_id=messages.plan_id,
                processor_account_id=account_id,
                from_link_id=link.id,
                to_link_id=link.id,
                notice_days=30,
                state="draft",
                staff_id=messages.staff_id,
                created_at=now(),
            )
        )
        session.add(
            OutgoingEndpoint(mode="test", url="https://a.example/", events=[], secret_end="abcd", created_at=now())
        )
    return messages


@pytest.fixture
def visitor(shop: Metered) -> Visitor:
    visitor = Visitor(shop.world.app, shop.world.app.response_class)
    visitor.become(shop.world.session.get_one(Staff, shop.staff_id))
    return visitor


def addresses(app: Flask, ids: Ids, *, named: bool = False) -> Iterator[tuple[str, str]]:
    """The endpoint and path of every page, for these ids. `named`: only of those that name something."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.endpoint != "assets.show" and (rule.arguments or not named):
                values: dict[str, Any] = {name: value_of(name, ids) for name in rule.arguments}
                yield rule.endpoint, url_for(rule.endpoint, **values)


def value_of(name: str, ids: Ids) -> object:
    noun = name.removesuffix("_id")
    known = ids.get(TABLES.get(noun, noun))
    if name.endswith("_id") and known is not None:
        return known
    if name in ("key", "day"):
        return {"key": "messages", "day": now().date().isoformat()}[name]
    prefix = {"stripe_invoice_id": "in_", "customer_id": "cus_", "subscription_id": "sub_"}.get(name)
    return "unknown" if prefix is None else prefix + MARK


def look(visitor: Visitor, ids: Ids) -> dict[str, str]:
    """What every address answers, without what differs from one answer to the next."""
    return {endpoint: read(visitor, path) for endpoint, path in addresses(visitor.application, ids)}


def difference(before: str, after: str) -> list[str]:
    lines = unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line.strip() for line in lines if line.strip()]


def read(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    return f"{answer.status_code} {PASSING.sub('', answer.get_data(as_text=True))}"


@one_database
def test_no_page_changes_by_a_throw_away_client_or_shows_it(shop: Metered, visitor: Visitor) -> None:
    """With a row in every table, each page says what it said before, and those of the client's own are not there."""
    ids = first_ids(db.session())
    before = look(visitor, ids)
    made = thrown_away()
    after = look(visitor, ids)
    assert [difference(before[one], after[one]) for one in after if after[one] != before[one]] == []
    assert [endpoint for endpoint, answer in after.items() if MARK in answer] == []
    own = {one: read(visitor, path) for one, path in addresses(visitor.application, {**ids, **made.ids}, named=True)}
    assert [endpoint for endpoint, answer in own.items() if MARK in answer] == []
    of_client = [endpoint for endpoint, answer in own.items() if endpoint in CLIENT_PAGES and answer[:3] != "404"]
    assert of_client == []


@one_database
def test_its_rows_would_be_seen_at_a_client_like_any_other(shop: Metered, visitor: Visitor) -> None:
    made = thrown_away()
    ids = {**first_ids(db.session()), **made.ids}
    with full_transaction() as session:
        reveal(session, made)
    seen = {endpoint for endpoint, path in addresses(visitor.application, ids) if would_show(visitor, path)}
    assert WOULD_SHOW - seen == set()


def would_show(visitor: Visitor, path: str) -> bool:
    """A page that cannot read the row, since the row is made up, has met it."""
    try:
        return MARK in read(visitor, path)
    except (LookupError, AttributeError, TypeError, ValueError):
        return True


def test_no_answer_of_the_api_knows_it(shop: Metered) -> None:
    """Lists, single answers, reports of use and reservations. A refusal repeats the name that was asked for."""
    api = new_key(shop.world.app, shop.staff_id, name="The other")
    made = thrown_away()
    client, workspace = made.ids["client"], made.ids["workspace"]
    names = {
        "{client}": (f"cl_{client}", f"external:{MARK}"),
        "{workspace}": (f"ws_{workspace}", f"external:{MARK}"),
        "{reservation}": (f"rs_{made.ids['reservation']}",),
    }
    for one in all_operations():
        if one.method == "GET":
            for path in paths_of(one.path, names):
                answer = api.get(path)
                assert MARK not in str(answer.json).replace(path, "").replace(f"external:{MARK}", ""), path
                assert "{" not in one.path or answer.status == 404, path
    for ref in names["{client}"]:
        (taken,) = api.post("/usage", {"records": [record(client=ref)]}, idempotency_key=f"c{ref}").json["records"]
        assert taken["reason"] == "unknown_client"
    for ref in names["{workspace}"]:
        (taken,) = api.post("/usage", {"records": [record(workspace=ref)]}, idempotency_key=f"w{ref}").json["records"]
        assert taken["reason"] == "unknown_workspace"
        asked = {"workspace": ref, "resource": "messages", "quantity": 1}
        assert api.post("/reservations", asked, idempotency_key=f"r{ref}").problem == "workspace_not_found"


def record(**whose: str) -> dict[str, object]:
    return {"key": f"one of {whose}", "resource": "messages", "quantity": 1, **whose}


def paths_of(path: str, names: Mapping[str, tuple[str, ...]]) -> list[str]:
    found = [path.replace(place, ref) for place, refs in names.items() if place in path for ref in refs]
    return found or [path]


def thrown_away() -> ThrowAway:
    with full_transaction() as session:
        return add_throw_away(session)
