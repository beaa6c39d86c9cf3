"""A change to the plan above at once, and one to the plan below at the renewal, by the portal's own functions."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.offers import offers
from billingportal.domain.plan_changes import changes, quotes
from billingportal.domain.plan_changes import steps as plan_change_steps
from billingportal.domain.plan_changes.planning import ChangeRequest
from billingportal.domain.rehearsal.calendar import AFTER_DRAFT, after
from billingportal.domain.rehearsal.clock_advance import advance_to
from billingportal.domain.rehearsal.promises import ExpectedLine, Promise, Sold, expected_lines, promise_of
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.arrival import client_id
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.renewal import go_to, period_end, periods_so_far
from billingportal.domain.rehearsal.steps.subscription import check_in_force, compare_newest, promise
from billingportal.domain.rehearsal.steps.usage import numbers_in
from billingportal.models import Plan, RehearsalLife
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.money import Money, round_minor
from billingportal.plain_json import JsonObject

TIMINGS: dict[str, ChangeTiming] = {"now": "now", "renewal": "renewal"}
LATER = timedelta(days=2)


def neighbour(
    session: Session, life_plan: Plan, period: tuple[str, int], currency: str, *, is_above: bool
) -> Plan | None:
    """The next plan above or below that is sold in this period and currency."""
    order = Plan.position if is_above else Plan.position.desc()
    side = Plan.position > life_plan.position if is_above else Plan.position < life_plan.position
    for plan in session.scalars(select(Plan).where(side, Plan.state == "active").order_by(order)):
        offer = offers.offer(session, plan, "test")
        choice = offer.choice(period) if offer.is_for_sale else None
        if choice is not None and currency in choice.currencies:
            return plan
    return None


def promise_to(scene: Scene, plan_id: int) -> Promise:
    """The promise of another plan in the life's period and currency."""
    with scene.stage.transaction() as session:
        life = session.get_one(RehearsalLife, scene.stage.life_id)
        return promise_of(session, plan_id, (life.interval, life.interval_count), life.currency)


def present_promise(scene: Scene) -> Promise:
    """The promise of the plan that this client has by now."""
    plan_id = scene.recalled("plan")
    return promise_to(scene, plan_id) if isinstance(plan_id, int) else promise(scene)


def pass_intent(scene: Scene) -> JsonObject:
    return {"to": int((scene.stage.gateway.test_clocks.state(scene.clock_id).frozen_at + LATER).timestamp())}


def pass_time(scene: Scene) -> JsonObject:
    advance_to(scene.stage, scene.clock_id, scene.moment_planned("to"), promise(scene).shortest, scene.key)
    return {}


def check_time(scene: Scene) -> list[JsonObject]:
    """Nothing has changed."""
    wanted = present_promise(scene)
    return check_in_force(scene, wanted, "active", period_end(scene, wanted))


def change_intent(scene: Scene) -> JsonObject:
    """What the change was shown to cost: confirming one preview twice makes one change."""
    stage, target = scene.stage, promise_to(scene, scene.planned("plan"))
    request = ChangeRequest(client_id(scene), target.plan_id, target.selection, TIMINGS[str(scene.intent["timing"])])
    shown = quotes.preview(stage.transaction, stage.gateway, request)
    return {"prorated_at": int(shown.prorated_at.timestamp()), "seal": shown.seal}


def change(scene: Scene) -> JsonObject:
    """Confirm it."""
    stage, target = scene.stage, promise_to(scene, scene.planned("plan"))
    request = ChangeRequest(
        client_id(scene),
        target.plan_id,
        target.selection,
        TIMINGS[str(scene.intent["timing"])],
        scene.moment_planned("prorated_at"),
        str(scene.intent["seal"]),
        token=scene.key,
    )
    change_id = changes.make_change(stage.transaction, stage.gateway, request)
    # Where an earlier try lost Stripe's answer: the worker would send it again in a while.
    plan_change_steps.finish_change(stage.transaction, stage.gateway, change_id)
    if scene.intent["timing"] == "now":
        at = scene.planned("prorated_at")
        return scene.made(change=change_id, plan=target.plan_id, before=before_id(scene), changed_at=at)
    return scene.made(change=change_id, later=target.plan_id)


def before_id(scene: Scene) -> int:
    return present_promise(scene).plan_id


def check_upgrade(scene: Scene) -> list[JsonObject]:
    """What is left of the period is credited at the old price and charged at the new; use so far at the old price."""
    wanted = promise_to(scene, scene.planned("plan"))
    old = promise_to(scene, scene.number("before"))
    at, start, end = scene.moment_planned("prorated_at"), period_start(scene, old), period_end(scene, old)
    kept = {(one.stripe_price_id, one.quantity) for one in old.sold} & {
        (one.stripe_price_id, one.quantity) for one in wanted.sold
    }
    lines = [*prorated(old, -1, at, start, end, kept), *prorated(wanted, 1, at, start, end, kept)]
    billed = [one for one in old.by_use if (one.stripe_price_id, None) not in kept]
    lines += expected_lines(billed, numbers_in(scene.recalled("used")), start, at)
    count = len(scene.stage.gateway.test_customers.invoices(scene.known("customer")))
    rows = compare_newest(scene, lines, wanted, count=count, at=at)
    rows = [row for row in rows if row["key"] != "period"]
    return [*rows, *check_in_force(scene, wanted, "active", end)]


def period_start(scene: Scene, wanted: Promise) -> datetime:
    return after(scene.moment("anchor"), wanted.selection.period, periods_so_far(scene))


Kept = set[tuple[str, int | None]]


def prorated(plan: Promise, sign: int, at: datetime, start: datetime, end: datetime, kept: Kept) -> list[ExpectedLine]:
    """The rest of the period, one line an item, rounded once. Items that both plans have are not touched."""
    share = Decimal(int((end - at).total_seconds())) / Decimal(int((end - start).total_seconds()))
    changed = [one for one in plan.ahead if (one.stripe_price_id, one.quantity) not in kept]
    return [prorated_line(plan, one, sign * share, at, end) for one in changed]


def prorated_line(plan: Promise, one: Sold, share: Decimal, at: datetime, end: datetime) -> ExpectedLine:
    whole = sum(line.amount.minor for line in expected_lines([one], {}, at, end))
    minor = round_minor(whole * share)
    money = Money(minor, plan.selection.currency)
    side = "unused time" if share < 0 else "rest of the period"
    words = f"{side}: {Money(whole, money.currency)} × {abs(share):.6f} = {money}"
    return ExpectedLine(one.stripe_price_id, f"{plan.name}: {one.title}, {side}", words, money, at, end)


def check_planned(scene: Scene) -> list[JsonObject]:
    """Nothing changes before the renewal."""
    wanted = present_promise(scene)
    return check_in_force(scene, wanted, "active", period_end(scene, wanted))


def changed_intent(scene: Scene) -> JsonObject:
    return {"to": int((period_end(scene, present_promise(scene)) + AFTER_DRAFT).timestamp())}


def renew_changed(scene: Scene) -> JsonObject:
    go_to(scene, scene.moment_planned("to"))
    before = present_promise(scene).plan_id
    return scene.made(periods=periods_so_far(scene) + 1, plan=scene.number("later"), before=before)


def check_changed(scene: Scene) -> list[JsonObject]:
    """The plan below is charged and in force from the renewal on."""
    wanted = present_promise(scene)
    start, end = period_start(scene, wanted), period_end(scene, wanted)
    invoices = scene.stage.gateway.test_customers.invoices(scene.known("customer"))
    old = promise_to(scene, scene.number("before"))
    lines = [*expected_lines(wanted.ahead, {}, start, end), *expected_lines(old.by_use, {}, began(scene, old), start)]
    rows = compare_newest(scene, lines, wanted, count=len(invoices), at=start)
    return [*rows, *check_in_force(scene, wanted, "active", end)]


def began(scene: Scene, old: Promise) -> datetime:
    """When the period of use began: with the change of plan, or with the period."""
    if scene.recalled("changed_at") is not None:
        return scene.moment("changed_at")
    return after(scene.moment("anchor"), old.selection.period, periods_so_far(scene) - 1)


TIME = Kind(pass_time, check_time, pass_intent)
CHANGE_NOW = Kind(change, check_upgrade, change_intent, ("invoice.paid",))
CHANGE_LATER = Kind(change, check_planned, change_intent)
# Where the buyer's renewal advanced the clock already, its step gave account of these events.
CHANGED = Kind(renew_changed, check_changed, changed_intent)
