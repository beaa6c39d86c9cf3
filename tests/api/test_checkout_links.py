"""Checkout links speak to Stripe, so they take several transactions: one effect and one answer all the same."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from billingportal import clock
from billingportal.clock import now
from billingportal.db import transaction
from billingportal.models import StoredAnswer
from billingportal.models.auth.staff import Staff
from tests.domain.conftest import sandbox, world
from tests.support.api.callers import Caller, new_key
from tests.support.people.checkouts import Till, furnish, tell
from tests.support.people.clients import new_client
from tests.support.stripe.worlds import World

__all__ = ["sandbox", "world"]
GROWTH = {"plan": "growth", "interval": "month"}
PATH = "/clients/external:c1/checkout-links"


@pytest.fixture
def till(world: World) -> Till:
    return Till(world.sandbox, world.stripe_account)


@pytest.fixture
def caller(world: World, till: Till) -> Caller:
    """The platform of a portal that sells, with one client."""
    with transaction() as session:
        person = Staff(name="Mara", email="mara@x.example", password_hash="x", role="owner", created_at=clock.now())
        session.add(person)
        session.flush()
        staff_id = person.id
    world.connect()
    furnish(world.app, till, staff_id)
    new_client("Quayside Dental", "front@quayside.example", external_id="c1")
    return new_key(world.app, staff_id)


def running(until: timedelta) -> None:
    """The first request died, or still runs: its answer is not there."""
    with transaction() as session:
        session.execute(
            update(StoredAnswer).values(status=None, body="", has_secret=False, running_until=now() + until)
        )


def test_a_client_has_one_open_checkout_however_often_it_is_asked_for(caller: Caller, till: Till) -> None:
    first = caller.post(PATH, GROWTH, idempotency_key="k1")
    assert (first.status, first.json["kind"]) == (201, "checkout")
    again = caller.post(PATH, GROWTH, idempotency_key="k1")
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert caller.post(PATH, GROWTH).json["url"] == first.json["url"]
    (opened,) = till.sessions("open")
    assert opened["url"] == first.json["url"]
    assert opened["success_url"].startswith("http://")
    other = caller.post(PATH, {"plan": "scale", "interval": "month", "quantities": {"contacts": 2500}})
    assert other.json["url"] != first.json["url"]
    assert len(till.sessions("open")) == 1


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"plan": "growth", "interval": "week"}, "/interval"),
        ({"plan": "growth", "interval": "week", "currency": "usd"}, "/interval"),
        ({"plan": "growth", "interval": "month", "currency": "gbp"}, "/currency"),
        ({"plan": "scale", "interval": "month"}, "/quantities"),
        ({"plan": "nothing", "interval": "month"}, "/plan"),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_is_not_for_sale_names_the_field(caller: Caller, asked: dict[str, object], pointer: str) -> None:
    refused = caller.post(PATH, asked)
    assert (refused.problem, [one["pointer"] for one in refused.json["errors"]]) == ("invalid", [pointer])


def test_a_client_that_pays_gets_the_page_of_a_change(world: World, caller: Caller, till: Till) -> None:
    caller.post(PATH, GROWTH)
    till.pay(till.sessions("open")[0]["id"])
    tell(world.app)
    change = caller.post(PATH, {"plan": "growth", "interval": "year"})
    assert (change.status, change.json["kind"]) == (201, "change")
    assert world.app.test_client().get(change.json["url"]).location == "/portal/billing/plan"
    assert till.sessions("open") == []


def test_stripe_away_is_unavailable_and_the_key_stays_free(world: World, caller: Caller, till: Till) -> None:
    world.sandbox.control("faults", kind="drop", count=20, path_prefix="/v1/checkout")
    away = caller.post(PATH, GROWTH, idempotency_key="k1")
    assert (away.problem, away.headers["Retry-After"]) == ("unavailable", "30")
    world.sandbox.control("faults", verb="DELETE")
    assert caller.post(PATH, GROWTH, idempotency_key="k1").status == 201
    assert len(till.sessions("open")) == 1


def test_a_request_that_runs_is_in_use_and_one_that_died_is_run_again(caller: Caller, till: Till) -> None:
    first = caller.post(PATH, GROWTH, idempotency_key="k1")
    running(timedelta(seconds=100))
    in_use = caller.post(PATH, GROWTH, idempotency_key="k1")
    assert (in_use.status, in_use.problem, in_use.headers["Retry-After"]) == (409, "idempotency_key_in_use", "1")
    assert caller.post(PATH, GROWTH | {"plan": "scale"}, idempotency_key="k1").problem == "idempotency_key_reused"
    running(timedelta(seconds=-1))
    assert caller.post(PATH, GROWTH, idempotency_key="k1").json["url"] == first.json["url"]
    assert len(till.sessions("open")) == 1


def test_the_plans_for_sale_are_told_with_every_way_to_pay(caller: Caller, world: World) -> None:
    told = {one["key"]: one for one in caller.get("/plans").json["data"]}
    assert list(told) == ["growth", "trial", "scale"]
    assert told["growth"]["quotas"] == [{"resource": "contacts", "limit": 5000, "at_limit": "block"}]
    assert told["growth"]["payments"][0] == {
        "interval": "month",
        "interval_count": 1,
        "currencies": ["usd", "eur"],
        "quantities": [],
        "metered": [],
    }
    assert told["scale"]["payments"][0]["quantities"] == ["contacts"]
    assert told["scale"]["payments"][0]["metered"] == ["team_members"]
    resources = caller.get("/resources").json["data"]
    assert {
        "key": "contacts",
        "name": "Contacts",
        "unit": "contacts",
        "kind": "gauge",
        "when_unreachable": "open",
    } in resources
    assert world.session.scalars(select(StoredAnswer)).all() == []
