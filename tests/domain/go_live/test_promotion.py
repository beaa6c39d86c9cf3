"""Test to live, on an account with half of the prices present, three wrong and two ambiguous."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import transaction
from billingportal.domain.connection.processor_accounts import gateway_of
from billingportal.domain.go_live.pairs import choices
from billingportal.domain.go_live.pairs.choices import NEW, Answer
from billingportal.domain.go_live.pairs.pairs import Pair, Pairs, all_pairs
from billingportal.domain.go_live.promotion import work
from billingportal.domain.go_live.promotion.draft import Draft, draft, missing_products
from billingportal.domain.plans.price_links import Link, replace_links
from billingportal.errors import Conflict, Refusal
from billingportal.jobs import go_live as go_live_jobs
from billingportal.models import AuditEntry, Plan, Promotion
from billingportal.models.auth.staff import Staff
from billingportal.models.connection.processor_account import Mode
from billingportal.stripe_gateway.errors import StripeUnreachable
from billingportal.stripe_gateway.gateway import StripeGateway
from tests.support.catalog.twins import Twins, catalog_of, open_twins
from tests.support.stripe.worlds import World

ONE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
LABEL = "billing_portal_twin"


@pytest.fixture
def twins(world: World, owner: Staff) -> Twins:
    return open_twins(world, owner.id)


class Killed(BaseException):
    """The process ended here."""


def gateway(twins: Twins, mode: Mode = "live") -> StripeGateway:
    portal = twins.world.portal
    return gateway_of(twins.world.row(mode), portal.vault, portal.open_gateway)


def pairs_of(twins: Twins) -> Pairs:
    found = all_pairs(twins.world.session)
    assert found is not None
    return found


def pair(twins: Twins, name: str) -> Pair:
    return next(one for one in pairs_of(twins).pairs if one.test.price.stripe_price_id == twins.test[name])


def dry_run(twins: Twins) -> Draft:
    copies = gateway(twins, "test").catalog_copies
    products = {one: copies.product_params(one) for one in missing_products(pairs_of(twins))}
    return draft(pairs_of(twins), products)


def begin(twins: Twins) -> int:
    steps = dry_run(twins).steps
    live_id = twins.world.row("live").id
    with transaction() as session:
        return work.begin_promotion(session, live_id, steps, staff_id=twins.staff_id).id


def promote(twins: Twins) -> None:
    begin(twins)
    twins.world.session.rollback()
    go_live_jobs.work_on_promotions(twins.world.portal)


def names(twins: Twins, *states: Any) -> set[str]:
    by_id = {price_id: name for name, price_id in twins.test.items()}
    return {by_id[one.test.price.stripe_price_id] for one in pairs_of(twins).of(*states)}


def differing(found: Pair) -> dict[str, tuple[str, str]]:
    return {field.name: (field.test, field.live) for field in found.fields if not field.is_equal}


def created(twins: Twins, before: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects of live mode that are new, after a look that no other changed."""
    now = twins.objects()
    assert {one: now[one] for one in before} == before
    return [one for one_id, one in now.items() if one_id not in before]


def links_of(twins: Twins, plan: str) -> list[tuple[str, str]]:
    live_id = twins.world.row("live").id
    rows = twins.world.session.get_one(Plan, twins.plans[plan]).prices
    return [(link.stripe_price_id, link.role) for link in rows if link.processor_account_id == live_id]


@ONE
def test_pairs_are_found_and_every_difference_is_named(twins: Twins) -> None:
    assert names(twins, "match") == {"growth_month", "growth_year"}
    assert names(twins, "differs") == {"starter_year", "growth_contacts", "scale_month"}
    assert names(twins, "ambiguous") == {"solo_month", "starter_month"}
    assert names(twins, "missing") == {"scale_year", "scale_replies", "team_month", "team_seats", "team_contacts"}
    assert (pair(twins, "growth_month").way, pair(twins, "growth_year").way) == ("lookup_key", "terms")
    assert differing(pair(twins, "starter_year")) == {"Amount": ("US$190.00", "US$190.01")}
    assert differing(pair(twins, "scale_month")) == {"Amount in EUR": ("€139.00", "Not offered")}
    assert differing(pair(twins, "growth_contacts")) == {
        "Model": ("Graduated", "Volume"),
        "Tier 1": ("1 to 5,000: US$0.00", "1 to 4,999: US$0.00"),
        "Tier 2": ("from 5,001: US$0.004 each", "from 5,000: US$0.004 each"),
    }
    candidates = {one.price.stripe_price_id for one in pair(twins, "starter_month").candidates}
    assert candidates == {twins.live["starter_one"], twins.live["starter_other"]}


def test_the_dry_run_lists_exactly_what_is_created(twins: Twins) -> None:
    before = twins.objects()
    drafted = dry_run(twins)
    assert [(step.kind, step.title) for step in drafted.creations] == [
        ("meter", "Meter “AI replies”"),
        ("product", "Product “Northwind Team”"),
        ("price", "Price Scale · US$1,490.00 a year"),
        ("price", "Price Scale · channels · US$0.0002 a month for each unit, by use"),
        ("price", "Price Team · US$99.00 a month"),
        ("price", "Price Team · team members · from US$19.00 a month, by number of units"),
        ("price", "Price Team · contacts · US$5.00 a month for every 1,000 units or part of them, by use"),
    ]
    assert [step.title for step in drafted.links] == ["Plan Growth", "Plan Scale", "Plan Team"]
    assert created(twins, before) == []

    promote(twins)
    new = created(twins, before)
    assert sorted(one["object"] for one in new) == ["billing.meter", *["price"] * 5, "product"]
    assert names(twins, "missing") == set()
    assert names(twins, "match") >= {"scale_year", "scale_replies", "team_month", "team_seats", "team_contacts"}
    assert pairs_of(twins).unlinked == ()
    team = next(one for one in new if one["object"] == "product")
    assert (team["name"], team["description"]) == ("Northwind Team", "For Team")
    assert (team["tax_code"], team["unit_label"]) == ("txcd_10103001", "seat")
    assert team["metadata"].keys() == {"team", LABEL}
    by_twin = {one["metadata"].get(LABEL): one for one in new if one["object"] == "price"}
    yearly = by_twin[twins.test["scale_year"]]
    assert (yearly["lookup_key"], yearly["nickname"]) == ("scale_yearly", "Yearly")
    assert yearly["currency_options"]["eur"]["unit_amount"] == 13900
    assert by_twin[twins.test["team_month"]]["metadata"]["team"] == "yes"
    assert by_twin[twins.test["team_seats"]]["currency_options"]["jpy"]["tiers"][0]["flat_amount"] == 1500
    assert links_of(twins, "Team") == [
        (by_twin[twins.test["team_month"]]["id"], "flat"),
        (by_twin[twins.test["team_seats"]]["id"], "quantity"),
        (by_twin[twins.test["team_contacts"]]["id"], "usage"),
    ]
    assert links_of(twins, "Growth") == [(twins.live["growth_month"], "flat"), (twins.live["growth_year"], "flat")]
    assert links_of(twins, "Starter") == links_of(twins, "Solo") == []


@ONE
def test_every_creation_is_in_the_audit_log_once(twins: Twins) -> None:
    promote(twins)
    session = twins.world.session
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action.like("%.created"))).all()
    ids = [entry.subject_id for entry in entries if entry.subject_type in ("product", "price", "meter")]
    assert len(ids) == len(set(ids)) == 7
    assert {entry.staff_id for entry in entries if entry.subject_id in ids} == {twins.staff_id}


@ONE
def test_a_second_time_creates_nothing(twins: Twins) -> None:
    promote(twins)
    before = twins.objects()
    assert dry_run(twins).steps == ()
    promote(twins)
    assert created(twins, before) == []


def test_killed_between_any_two_calls_it_goes_on_and_creates_nothing_twice(twins: Twins) -> None:
    before = twins.objects()
    begin(twins)
    live_id, live = twins.world.row("live").id, gateway(twins)
    twins.world.session.rollback()
    kills = 0
    while twins.world.session.scalar(select(Promotion.state)) == "running":
        twins.world.session.rollback()
        # The transactions of a step are: chosen, revision of the row, stored, recorded. Each is the last one in turn.
        try:
            work.work(dying_after(2 + kills % 5), live, live_id)
        except Killed:
            kills += 1
    new = created(twins, before)
    assert kills > 7
    assert sorted(one["object"] for one in new) == ["billing.meter", *["price"] * 5, "product"]
    assert names(twins, "missing") == set()
    assert pairs_of(twins).unlinked == ()
    assert len(set(twins.world.audited())) == len(twins.world.audited())


def dying_after(count: int) -> Any:
    """Transactions, of which the first `count` work. Then the process dies before the next begins."""
    left = count

    @contextmanager
    def dying() -> Iterator[Session]:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        with transaction() as session:
            yield session

    return dying


def lost_answers(twins: Twins, **fault: Any) -> AbstractContextManager[None]:
    @contextmanager
    def faulty() -> Iterator[None]:
        twins.world.sandbox.control("faults", path_prefix="/v1/", method="POST", applied=True, count=2, **fault)
        yield
        twins.world.sandbox.control("faults", verb="DELETE")

    return faulty()


@ONE
@pytest.mark.parametrize("kind", ["500", "drop"])
def test_an_answer_that_is_lost_or_a_stored_500_creates_nothing_twice(twins: Twins, kind: str) -> None:
    before = twins.objects()
    begin(twins)
    live_id, live = twins.world.row("live").id, gateway(twins)
    twins.world.session.rollback()
    failures = 0
    while twins.world.session.scalar(select(Promotion.state)) == "running":
        twins.world.session.rollback()
        try:
            with lost_answers(twins, kind=kind):
                work.work(transaction, live, live_id)
        except StripeUnreachable:
            failures += 1
    assert failures == 7
    assert len(created(twins, before)) == 7


@ONE
def test_a_choice_is_stored_and_a_new_price_is_created_beside(twins: Twins) -> None:
    before = twins.objects()
    with transaction() as session:
        first, other = twins.test["solo_month"], twins.test["starter_month"]
        choices.choose_twin(session, Answer("price", first, twins.live["solo_other"]), staff_id=twins.staff_id)
        choices.choose_twin(session, Answer("price", other, NEW), staff_id=twins.staff_id)
    assert (pair(twins, "solo_month").state, pair(twins, "solo_month").way) == ("match", "choice")
    assert pair(twins, "starter_month").state == "missing"
    promote(twins)
    assert links_of(twins, "Solo") == [(twins.live["solo_other"], "flat")]
    new = [one for one in created(twins, before) if one["object"] == "price"]
    starter = next(one for one in new if one["metadata"][LABEL] == twins.test["starter_month"])
    assert links_of(twins, "Starter") == [(starter["id"], "flat")]
    with pytest.raises(Refusal), transaction() as session:
        choices.choose_twin(session, Answer("price", first, "price_unknown"), staff_id=twins.staff_id)


@ONE
def test_what_stripe_refuses_fails_alone_and_a_held_key_is_never_moved(twins: Twins) -> None:
    promotion_id = begin(twins)
    stripe = catalog_of(twins.world, "live")
    holder = stripe.price(lookup_key="scale_yearly", product=stripe.product("Other"))
    before = twins.objects()
    twins.world.session.rollback()
    go_live_jobs.work_on_promotions(twins.world.portal)
    promotion = twins.world.session.get_one(Promotion, promotion_id)
    failed = [step for step in promotion.steps if step.state == "failed"]
    assert [(step.kind, step.subject) for step in failed] == [("price", twins.test["scale_year"])]
    assert "already uses that lookup key" in failed[0].problem
    assert promotion.state == "ended"
    assert len(created(twins, before)) == 6
    twins.world.read_events()
    assert pair(twins, "scale_year").live is not None
    assert twins.objects()[holder]["lookup_key"] == "scale_yearly"


@ONE
def test_a_plan_that_sells_another_live_price_differs_and_keeps_it(twins: Twins) -> None:
    live_id = twins.world.row("live").id
    with transaction() as session:
        growth = session.get_one(Plan, twins.plans["Growth"])
        replace_links(session, growth, live_id, [Link(twins.live["consulting"], "flat")])
    found = pair(twins, "growth_month")
    assert set(differing(found)) == {"Growth sells"}
    promote(twins)
    assert links_of(twins, "Growth") == [(twins.live["consulting"], "flat"), (twins.live["growth_year"], "flat")]


@ONE
def test_two_promotions_do_not_run_at_once(twins: Twins) -> None:
    begin(twins)
    with pytest.raises(Conflict):
        begin(twins)


@ONE
def test_a_live_meter_that_counts_otherwise_or_not_blocks_its_prices(twins: Twins) -> None:
    live = catalog_of(twins.world, "live")
    meter = live.meter("ai_replies", "AI replies", formula="count")
    twins.world.read_events()
    (blocked,) = dry_run(twins).blocked
    assert blocked[0].test.price.stripe_price_id == twins.test["scale_replies"]
    assert "differs: meter formula" in blocked[1]
    live.client.v1.billing.meters.deactivate(meter)
    twins.world.read_events()
    (blocked,) = dry_run(twins).blocked
    assert "is inactive" in blocked[1]
