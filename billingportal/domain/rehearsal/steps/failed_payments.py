"""A card that fails at the renewal, the steps of the ladder in their days, and the repair from each of them."""

from datetime import timedelta

from billingportal.domain.dunning import ladder
from billingportal.domain.dunning.ladder import ACCESS
from billingportal.domain.rehearsal.calendar import AFTER_DRAFT, after
from billingportal.domain.rehearsal.promises import expected_lines
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.arrival import client_id
from billingportal.domain.rehearsal.steps.facts import access_of, check_access, check_standing
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.renewal import go_to, period_end, periods_so_far, usage_lines
from billingportal.domain.rehearsal.steps.subscription import check_in_force, compare_newest, promise
from billingportal.models.entitlements.entitlement import LadderStep
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.requests.test_mode.test_customers import FAILING_CARD, GOOD_CARD

# The draft is final an hour after the period's end, and its payment fails then.
DRAFT, BEFORE, AFTER = timedelta(hours=1), timedelta(hours=12), timedelta(hours=2)
STEPS: dict[str, LadderStep] = {"grace": "grace", "warned": "warned", "limited": "limited", "suspended": "suspended"}


def days_of(rules: ladder.Ladder) -> list[tuple[LadderStep, int]]:
    """The steps that the partner takes, with the day of each since the payment failed."""
    days: list[tuple[LadderStep, int | None]] = [
        ("grace", 0),
        ("warned", rules.warn_after_days),
        ("limited", rules.limit_after_days),
        ("suspended", rules.suspend_after_days),
    ]
    found = [(step, day) for step, day in days if day is not None]
    last = {day: step for step, day in found}
    return [(step, day) for step, day in found if last[day] == step]


def failing_intent(scene: Scene) -> JsonObject:
    """The next renewal fails, an hour after the end of the period that the clock is in."""
    periods = periods_by_now(scene)
    end = after(scene.moment("anchor"), promise(scene).selection.period, periods + 1)
    return {"to": int((end + AFTER_DRAFT).timestamp()), "fails_at": int((end + DRAFT).timestamp()), "periods": periods}


def periods_by_now(scene: Scene) -> int:
    """How many periods the clock has passed: other clients' steps advance it too."""
    moment = scene.stage.gateway.test_clocks.state(scene.clock_id).frozen_at
    period, number = promise(scene).selection.period, 0
    while after(scene.moment("anchor"), period, number + 1) <= moment:
        number += 1
    return number


def fail(scene: Scene) -> JsonObject:
    """A card that fails, and the renewal."""
    stage = scene.stage
    stage.gateway.test_customers.use_card(scene.known("customer"), FAILING_CARD, f"{scene.key}-failing")
    go_to(scene, scene.moment_planned("to"))
    return scene.made(failing_since=scene.planned("fails_at"), periods=scene.planned("periods") + 1)


def day_intent(scene: Scene) -> JsonObject:
    """Some hours before or after the day on which the step begins."""
    begins_at = scene.moment("failing_since") + timedelta(days=scene.planned("day"))
    to = begins_at - BEFORE if scene.intent.get("is_before") else begins_at + AFTER
    return {"to": int(to.timestamp())}


def pass_days(scene: Scene) -> JsonObject:
    go_to(scene, scene.moment_planned("to"))
    return {}


def check_failing(scene: Scene) -> list[JsonObject]:
    """The step of failed payments and the access that goes with it, by the partner's days."""
    step = STEPS[str(scene.intent["step"])]
    with scene.stage.transaction() as session:
        seen = access_of(session, client_id(scene))
    return [check_standing("past_due", seen), *check_access(ACCESS[step], step, seen, "days")]


def repair(scene: Scene) -> JsonObject:
    """A good card, and the open invoice is paid with it."""
    customers = scene.stage.gateway.test_customers
    customers.use_card(scene.known("customer"), GOOD_CARD, f"{scene.key}-good")
    for invoice in customers.invoices(scene.known("customer")):
        if invoice.status == "open":
            customers.pay(invoice.stripe_invoice_id, f"{scene.key}-{invoice.stripe_invoice_id}")
    return {}


def check_repaired(scene: Scene) -> list[JsonObject]:
    """All is as before the failure: status, access, ladder, quotas. The renewal that was paid is right."""
    wanted = promise(scene)
    starts_at = after(scene.moment("anchor"), wanted.selection.period, periods_so_far(scene))
    lines = expected_lines(wanted.ahead, {}, starts_at, period_end(scene, wanted))
    lines += usage_lines(scene, wanted, starts_at, {})
    invoices = scene.stage.gateway.test_customers.invoices(scene.known("customer"))
    rows = compare_newest(scene, lines, wanted, count=len(invoices), at=starts_at)
    with scene.stage.transaction() as session:
        seen = access_of(session, client_id(scene))
    rows += check_in_force(scene, wanted, "active", period_end(scene, wanted))
    return [*rows, *check_access("full", "none", seen)]


LADDER = Kind(pass_days, check_failing, day_intent)
CARD_FAILS = Kind(fail, check_failing, failing_intent, ("invoice.payment_failed",))
REPAIR = Kind(repair, check_repaired, events=("invoice.paid",))
