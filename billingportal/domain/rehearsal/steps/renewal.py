"""Ends of trials, of periods of use, and renewals: the clock advances past them, and the invoice is compared."""

from collections.abc import Mapping
from datetime import datetime

from billingportal.domain.metering.push import push_waiting
from billingportal.domain.offers.offers import length
from billingportal.domain.rehearsal.absorption import absorb
from billingportal.domain.rehearsal.calendar import AFTER_DRAFT, after
from billingportal.domain.rehearsal.clock_advance import advance_to
from billingportal.domain.rehearsal.promises import ExpectedLine, Promise, expected_lines
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.arrival import client_id
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.subscription import check_in_force, compare_newest, promise
from billingportal.domain.rehearsal.steps.usage import numbers_in
from billingportal.plain_json import JsonObject


def trial_intent(scene: Scene) -> JsonObject:
    return {"to": int((scene.moment("anchor") + AFTER_DRAFT).timestamp())}


def end_trial(scene: Scene) -> JsonObject:
    go_to(scene, scene.moment_planned("to"))
    return scene.made(invoices=2)


def check_trial_end(scene: Scene) -> list[JsonObject]:
    """The first paid period has begun, and its invoice is paid."""
    wanted, at = promise(scene), scene.moment("anchor")
    ends_at = after(at, wanted.selection.period)
    rows = compare_newest(scene, expected_lines(wanted.ahead, {}, at, ends_at), wanted, count=2, at=at)
    return [*rows, *check_in_force(scene, wanted, "active", ends_at)]


def usage_end_intent(scene: Scene) -> JsonObject:
    end = after(scene.moment("anchor"), promise(scene).shortest)
    return {"to": int((end + AFTER_DRAFT).timestamp())}


def end_usage_period(scene: Scene) -> JsonObject:
    go_to(scene, scene.moment_planned("to"))
    return scene.made(invoices=scene.number("invoices") + 1, used={}, billed=scene.recalled("used"))


def check_usage_invoice(scene: Scene) -> list[JsonObject]:
    """The invoice of a period of use that is shorter than the plan's."""
    wanted, at = promise(scene), scene.moment("anchor")
    soonest = [one for one in wanted.by_use if one.period == wanted.shortest]
    lines = expected_lines(soonest, numbers_in(scene.recalled("billed")), at, after(at, wanted.shortest))
    rows = compare_newest(scene, lines, wanted, count=scene.number("invoices"), at=after(at, wanted.shortest))
    return [*rows, *check_in_force(scene, wanted, "active", after(at, wanted.selection.period))]


def renewal_intent(scene: Scene) -> JsonObject:
    return {"to": int((period_end(scene, promise(scene)) + AFTER_DRAFT).timestamp())}


def period_end(scene: Scene, wanted: Promise) -> datetime:
    """The end of the period that the client's subscription is in."""
    return after(scene.moment("anchor"), wanted.selection.period, periods_so_far(scene) + 1)


def periods_so_far(scene: Scene) -> int:
    found = scene.recalled("periods")
    return found if isinstance(found, int) else 0


def renew(scene: Scene) -> JsonObject:
    wanted = promise(scene)
    go_to(scene, scene.moment_planned("to"), by_interval=wanted.shortest != wanted.selection.period)
    return scene.made(periods=periods_so_far(scene) + 1, billed=last_use(scene, wanted), used={})


def last_use(scene: Scene, wanted: Promise) -> JsonObject:
    """The use of the last period by resource: of a shorter period than the plan's only a level goes on."""
    used = numbers_in(scene.recalled("used")) or numbers_in(scene.recalled("billed"))
    return {
        one.resource_key: used.get(one.resource_key, 0)
        for one in wanted.by_use
        if one.is_gauge or one.period == wanted.selection.period
    }


def go_to(scene: Scene, to: datetime, *, by_interval: bool = False) -> None:
    """Advance, with the portal taking in each stretch and sending what the client used in it."""
    stage, shortest = scene.stage, promise(scene).shortest
    clock_id = scene.clock_id
    at, number = stage.gateway.test_clocks.state(clock_id).frozen_at, 1
    while by_interval and (stop := after(at, shortest, number)) < to:
        advance_to(stage, clock_id, stop, shortest, scene.key)
        absorb(stage, scene.started_at)
        push_waiting(stage.transaction, stage.gateway, client_id(scene))
        number += 1
    advance_to(stage, clock_id, to, shortest, scene.key)


def check_renewal_invoice(scene: Scene) -> list[JsonObject]:
    """The next period is charged ahead, and the use of the last one afterwards."""
    wanted, number = promise(scene), periods_so_far(scene)
    starts_at = after(scene.moment("anchor"), wanted.selection.period, number)
    ends_at = after(scene.moment("anchor"), wanted.selection.period, number + 1)
    lines = expected_lines(wanted.ahead, {}, starts_at, ends_at)
    lines += usage_lines(scene, wanted, starts_at, numbers_in(scene.recalled("billed")))
    rows = compare_newest(scene, lines, wanted, count=invoices_by_now(scene, wanted), at=starts_at)
    return [*rows, *check_in_force(scene, wanted, "active", ends_at)]


def usage_lines(scene: Scene, wanted: Promise, ends_at: datetime, used: Mapping[str, int]) -> list[ExpectedLine]:
    found = []
    for one in wanted.by_use:
        number = round(length(wanted.selection.period) * periods_so_far(scene) / length(one.period))
        starts_at = after(scene.moment("anchor"), one.period, number - 1)
        found += expected_lines([one], used, starts_at, ends_at)
    return found


def invoices_by_now(scene: Scene, wanted: Promise) -> int:
    """One more than before, and one for each shorter period of use between them that charges something."""
    number = scene.number("invoices") + 1
    if wanted.shortest == wanted.selection.period:
        return number
    at = scene.moment("anchor")
    soonest = [one for one in wanted.by_use if one.period == wanted.shortest]
    lines = expected_lines(soonest, numbers_in(scene.recalled("billed")), at, at)
    between = round(length(wanted.selection.period) / length(wanted.shortest)) - 2
    return number + (between if any(line.amount.minor for line in lines) else 0)


# The trials of a clock end together, and the first of their steps gives account of the events.
TRIAL_END = Kind(end_trial, check_trial_end, trial_intent)
USAGE_END = Kind(end_usage_period, check_usage_invoice, usage_end_intent, ("invoice.paid",))
RENEWAL = Kind(renew, check_renewal_invoice, renewal_intent, ("invoice.paid",))
