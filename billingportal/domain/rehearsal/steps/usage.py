"""Uses what is billed by use, through the portal's own records and outbox, and compares what Stripe counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from billingportal.clock import from_unix, now
from billingportal.domain.common.references import Ref
from billingportal.domain.metering.push import push_waiting
from billingportal.domain.rehearsal.absorption import absorb
from billingportal.domain.rehearsal.calendar import after
from billingportal.domain.rehearsal.clock_advance import advance_to
from billingportal.domain.rehearsal.comparison import check, left_out, not_yet
from billingportal.domain.rehearsal.promises import Promise, Sold, expected_lines
from billingportal.domain.rehearsal.stage import LeftOut, Scene
from billingportal.domain.rehearsal.steps.arrival import client_id
from billingportal.domain.rehearsal.steps.invoices import compare_lines
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.subscription import promise
from billingportal.domain.subscriptions.client_clock import clock_times
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report
from billingportal.domain.usage.totals import usage_of
from billingportal.models import Meter
from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.objects.meters import MeterCopy

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def use_intent(scene: Scene) -> JsonObject:
    """The first use is a day after the start, each later one an hour after the one before."""
    frozen_at = scene.stage.gateway.test_clocks.state(scene.clock_id).frozen_at
    to = frozen_at + (HOUR if scene.recalled("used") else DAY)
    return {"to": int(to.timestamp())}


def use(scene: Scene) -> JsonObject:
    stage, to = scene.stage, from_unix(scene.planned("to"))
    wanted, numbers = promise(scene), numbers_in(scene.intent.get("numbers"))
    if to > now() - HOUR:
        raise LeftOut("The test clock has reached the present, and Stripe may refuse use after it.")
    advance_to(stage, scene.clock_id, to, wanted.shortest, scene.key)
    absorb(stage, scene.started_at)
    before = numbers_in(scene.recalled("used"))
    reports = [one for sold in wanted.by_use for one in reports_of(scene, sold, before, numbers, to)]
    with stage.transaction() as session:
        taken = take_records(session, "test", reports, clock_times)
    refused = [one.reason for one in taken if one.result == "refused"]
    pushed = push_waiting(stage.transaction, stage.gateway, client_id(scene))
    used: dict[str, Json] = {**numbers}
    refusals: list[Json] = [*refused]
    return scene.made(used=used, used_at=int(to.timestamp()), refused=refusals, unsent=pushed.still_waiting)


def numbers_in(found: Json) -> dict[str, int]:
    """Numbers by resource key."""
    return {key: number for key, number in found.items() if isinstance(number, int)} if isinstance(found, dict) else {}


def reports_of(
    scene: Scene, sold: Sold, before: Mapping[str, int], numbers: Mapping[str, int], at: datetime
) -> list[Report]:
    """The records that lead from what was used to what is wanted. Taken twice, they count once."""
    key, who = sold.resource_key, Ref(id=client_id(scene))
    name = f"{scene.key}-{key}"
    level, more = numbers.get(key, 0), numbers.get(key, 0) - before.get(key, 0)
    if sold.is_gauge:
        return [Report(name, None, who, key, level, "level", at)]
    if sold.formula == "count":
        return [Report(f"{name}-{place}", None, who, key, 1, "quantity", at) for place in range(more)]
    return [Report(name, None, who, key, more, "quantity", at)] if more else []


def check_use(scene: Scene) -> list[JsonObject]:
    wanted, numbers = promise(scene), numbers_in(scene.recalled("used"))
    rows = [check_sent(scene)]
    for sold in wanted.by_use:
        rows += [check_counted(scene, sold, numbers), *check_meter(scene, sold)]
        rows.append(check_total(scene, sold, numbers.get(sold.resource_key, 0)))
    return [*rows, *check_preview(scene, wanted, numbers)]


def check_sent(scene: Scene) -> JsonObject:
    refused, unsent = scene.recalled("refused") or [], scene.recalled("unsent") or 0
    return check(
        "usage.sent",
        "Use reported and sent to Stripe",
        "all",
        "all" if not refused and not unsent else f"{unsent} events wait, refused: {refused}",
        why="The portal could not tell Stripe all that was used.",
        meaning="What is not told is not billed.",
        subject="usage.sent",
    )


def check_counted(scene: Scene, sold: Sold, numbers: Mapping[str, int]) -> JsonObject:
    with scene.stage.transaction() as session:
        counted = usage_of(session, client_id(scene)).get(sold.resource_id or 0, 0)
    wanted = numbers.get(sold.resource_key, 0)
    why = "The portal counts otherwise than was reported."
    return check(
        "usage.counted", f"{sold.title} counted here", f"{wanted:,}", f"{counted:,}", why=why, subject=sold.title
    )


def check_meter(scene: Scene, sold: Sold) -> list[JsonObject]:
    """The meter at Stripe now, against the one that the portal knows."""
    copy = scene.stage.gateway.objects.fetch("billing.meter", sold.stripe_meter_id).copy
    with scene.stage.transaction() as session:
        row = session.scalars(
            select(Meter).where(
                Meter.processor_account_id == scene.stage.account_id, Meter.stripe_meter_id == sold.stripe_meter_id
            )
        ).one()
        known = meter_words(row)
    seen = meter_words(copy) if isinstance(copy, MeterCopy) else "gone"
    why = "The meter at Stripe adds up otherwise than the portal believes."
    meaning = "Stripe would bill another use than the portal reports."
    return [
        check(
            "meter.definition",
            f"Meter of {sold.title}",
            known,
            seen,
            why=why,
            meaning=meaning,
            subject=sold.stripe_price_id,
        )
    ]


def meter_words(meter: Meter | MeterCopy) -> str:
    window = f", by {meter.event_time_window}" if meter.event_time_window else ""
    return f"{meter.status}, {meter.aggregation} of {meter.value_payload_key}{window}, for {meter.customer_payload_key}"


def check_total(scene: Scene, sold: Sold, wanted: int) -> JsonObject:
    """Stripe's total, waited for while it is less: Stripe counts with a delay. More than was reported is wrong."""
    seen = Decimal(0)
    for _ in scene.stage.pauses(scene.stage.patience.meters):
        seen = total_at_stripe(scene, sold)
        if seen >= wanted:
            break
    title = f"{sold.title}: total of Stripe's meter"
    why = "Stripe's meter has more than was reported."
    meaning = "A client would be billed for use that did not happen."
    row = check(
        "meter_total", title, f"{wanted:,}", f"{seen:,f}", why=why, meaning=meaning, subject=sold.stripe_price_id
    )
    if seen > wanted:
        return row
    waited = (
        f"Stripe has not counted all of it after {scene.stage.patience.meters / 60:.0f} minutes. That is not wrong."
    )
    return not_yet(row, waited)


def total_at_stripe(scene: Scene, sold: Sold) -> Decimal:
    first, last = scene.moment("began").date(), scene.moment("used_at").date()
    totals = scene.stage.gateway.event_summaries.day_totals(sold.stripe_meter_id, scene.known("customer"), first, last)
    if sold.formula == "last":
        return totals[max(totals)] if totals else Decimal(0)
    return sum(totals.values(), Decimal(0))


def check_preview(scene: Scene, wanted: Promise, numbers: Mapping[str, int]) -> list[JsonObject]:
    """What the next invoice would charge for this use, tier by tier. A preview may lag behind as the totals do."""
    at = scene.moment("anchor")
    if not scene.intent.get("previews"):
        return []
    soonest = [one for one in wanted.by_use if one.period == wanted.shortest]
    lines = expected_lines(soonest, numbers, at, after(at, wanted.shortest))
    prices = {one.stripe_price_id for one in soonest}
    rows: list[JsonObject] = []
    for _ in scene.stage.pauses(scene.stage.patience.events):
        found = scene.stage.gateway.test_customers.preview_next(scene.known("subscription"))
        seen = [line for line in found if line.stripe_price_id in prices]
        rows = compare_lines(lines, seen, wanted.selection.currency, "preview.line")
        if all(row["result"] == "equal" for row in rows):
            break
    return rows or [left_out("preview.line", "Charge for this use", "Nothing is charged for it.")]


USE = Kind(use, check_use, use_intent)
