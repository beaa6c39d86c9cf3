"""Faults, planted one at a time: each is found at the step where it shows, and no other step fails for it.

`--planted-faults=all` plants every row; without it a few are planted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from billingportal.db import db, transaction
from billingportal.domain.plans.price_links import Link
from billingportal.domain.plans.terms import Limit
from billingportal.models import Plan
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.catalog.usage import add_resource
from tests.support.people.clients import plan_of
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import Stock, stock
from tests.support.rehearsal.portal_faults import PORTAL_FAULTS
from tests.support.stripe.worlds import World

Sale = Callable[[Stock, "Row"], int]


@dataclass(frozen=True)
class Row:
    """A fault, the plan that it is planted in, and the step and the row of its comparison that fail.

    `unproven` are the steps that cannot be proven because of it.
    """

    fault: str
    shows: str
    key: str
    model: str = "flat"
    usage: str = "licensed"
    given: dict[str, Any] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    unproven: tuple[str, ...] = ()
    sells: str = "one"
    is_quick: bool = True
    always: bool = False

    def __str__(self) -> str:
        return f"{self.fault}-{self.model}-{self.usage}"


METERED: dict[str, Any] = {"model": "per_unit", "usage": "metered"}
LIFE: dict[str, Any] = {"sells": "three", "is_quick": False}
ROWS = (
    Row("tier_mode_swapped", "first_invoice", "invoice.line", "volume"),
    Row("tier_mode_swapped", "renewal", "invoice.line", "graduated", "metered"),
    Row("tier_mode_swapped", "use", "preview.line", "graduated", "metered", is_quick=False),
    Row("tier_end_moved", "first_invoice", "invoice.line", "graduated"),
    Row("unit_amount_moved", "first_invoice", "invoice.line", "flat"),
    Row("unit_amount_moved", "renewal", "invoice.line", **METERED),
    Row("flat_fee_missing", "first_invoice", "invoice.line", "graduated"),
    Row("package_rounding_swapped", "first_invoice", "invoice.line", "package"),
    Row("currency_swapped", "first_invoice", "invoice.line", "flat"),
    Row("interval_swapped", "subscribe", "period", "flat", unproven=("first_invoice", "renewal")),
    Row("meter_inactive", "use", "meter.definition", **METERED),
    Row("meter_takes_last", "use", "meter.definition", **METERED),
    Row("value_key_wrong", "use", "meter.definition", **METERED),
    Row("meter_event_lost", "renewal", "invoice.line", **METERED, unproven=("use",)),
    Row("meter_event_doubled", "use", "meter_total", **METERED, always=True),
    Row("trial_ignored", "subscribe", "trial", terms={"trial_days": 14}, unproven=("trial_end", "renewal")),
    Row("tax_added", "first_invoice", "invoice.tax"),
    Row("webhook_dropped", "first_invoice", "events", given={"type": "invoice.paid"}, always=True),
    Row("webhook_doubled", "events", "events.once"),
    Row(
        "trial_card_rule_ignored",
        "trial_card",
        "trial_card",
        terms={"trial_days": 14, "trial_needs_card": False, "trial_end": "cancel"},
        is_quick=False,
    ),
    Row("use_at_new_price", "upgrade", "invoice.line", **METERED, sells="one_meter", is_quick=False),
    Row("coupon_forgotten", "repair", "invoice.discount", **LIFE),
    Row("proration_off", "upgrade", "invoice.line", **LIFE),
    Row("downgrade_at_once", "downgrade", "plan", **LIFE),
    Row("repair_unnoticed", "repair", "status", **LIFE),
    Row("cancel_ignored", "end", "ended", **LIFE),
    Row("limit_not_applied", "first_invoice", "entitlement.messages_1", "per_unit"),
    Row("limit_before_payment", "subscribe", "plan", "flat"),
    Row("limit_after_end", "end", "plan", **LIFE),
    Row("bought_quantity_ignored", "first_invoice", "entitlement.messages_1", "per_unit", always=True),
    Row("ladder_day_early", "ladder", "ladder", **LIFE),
    Row(
        "older_event_taken",
        "renewal",
        "invoice.here",
        given={"fault": "webhook_late", "type": "invoice.finalized", "count": 2},
    ),
    Row("default_plan_forgotten", "client", "plan", **LIFE),
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_fault_is_found_where_it_shows_and_nowhere_else(
    reached: World,
    owner: Staff,
    row: Row,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    if not row.always and pytestconfig.getoption("--planted-faults") != "all":
        pytest.skip("a few faults are planted; --planted-faults=all plants all")
    plan_id = SALES[row.sells](stock(reached, owner), row)
    reached.sandbox.wait_for_deliveries()
    reached.work()
    rehearsal_id = rehearsed.start(plan_id, is_quick=row.is_quick, only=[("month", "usd")])
    if row.fault in PORTAL_FAULTS:
        PORTAL_FAULTS[row.fault](monkeypatch)
    if row.fault not in PORTAL_FAULTS or row.given:
        plant(reached, plan_id, row)

    rehearsed.run()

    steps = rehearsed.played(rehearsal_id)
    record_property("steps", [(step.title, step.verdict, step.odd()) for step in steps])
    failed = [step for step in steps if step.verdict == "failed"]
    unproven = [step for step in steps if step.verdict == "not_provable"]
    told = [(step.title, step.verdict, step.reason, step.odd()) for step in (*failed, *unproven)]
    assert [step.kind for step in failed] == [row.shows], told
    assert row.key in {one["key"] for one in failed[0].checks if one["result"] == "differs"}, told
    assert tuple(step.kind for step in unproven) == row.unproven, told


def plant(world: World, plan_id: int, row: Row) -> None:
    """Plant the fault in the plan's price for its model, where it is one of a price or a meter."""
    links = db.session().get_one(Plan, plan_id).prices
    price = next((one for one in links if one.role in ("usage", "quantity")), links[0])
    where = {"account": world.stripe_account.id, "mode": "test"}
    given = {"fault": row.fault, "price": price.stripe_price_id, **row.given}
    world.sandbox.control("plant", **where, **given)


def sell_one(made: Stock, row: Row) -> int:
    return made.plan(row.model, row.usage, ("month",), **row.terms)


def sell_three(made: Stock, row: Row) -> int:
    """A free default plan, one below, the plan, and one above, so that a life has all its steps."""
    contacts = resource_id(made.world.session, "contacts")
    new_plan(made.staff_id, "Free", is_active=True, quotas={contacts: Limit(100)})
    with transaction() as session:
        session.query(Plan).one().is_default = True
    made.plan("flat", "licensed", ("month",))
    plan_id = made.plan(row.model, row.usage, ("month",), **row.terms)
    made.plan("per_unit", "licensed", ("month",))
    return plan_id


def sell_one_meter(made: Stock, row: Row) -> int:
    """Two plans that bill the use of one meter, at two prices."""
    made.number += 1
    resource, meter = add_resource("Calls"), made.meter()
    plans = [
        plan_of(made.staff_id, made.world.app, links, name, quotas={resource: Limit(0, "bill")})
        for name, model in (("Small", "per_unit"), ("Large", "graduated"))
        for links in [
            [
                Link(made.price("flat", "month", None), "flat"),
                Link(made.price(model, "month", meter), "usage", resource),
            ]
        ]
    ]
    return plans[0]


SALES: dict[str, Sale] = {"one": sell_one, "three": sell_three, "one_meter": sell_one_meter}
