"""Cancels at the end of the period, takes it back, cancels again, and looks at what is left after the end."""

from billingportal.domain.plan_changes import cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.rehearsal.comparison import check, moment_words
from billingportal.domain.rehearsal.promises import default_plan, promised_quotas
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.arrival import client_id, plan_name
from billingportal.domain.rehearsal.steps.facts import access_of, check_quotas, check_standing, subscription_of
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.renewal import go_to, period_end, renewal_intent
from billingportal.domain.rehearsal.steps.subscription import check_in_force, promise
from billingportal.plain_json import JsonObject


def cancel(scene: Scene) -> JsonObject:
    stage = scene.stage
    cancellations.cancel(stage.transaction, stage.gateway, Cancelling(client_id(scene), reason="unused"))
    return {}


def check_canceled(scene: Scene) -> list[JsonObject]:
    """The plan goes on until the end of the paid period, and does not renew."""
    wanted = promise(scene)
    with scene.stage.transaction() as session:
        until = access_of(session, client_id(scene)).until
    why = "The subscription does not end with the paid period."
    meaning = "A client would lose paid time, or be charged after cancelling."
    end = moment_words(period_end(scene, wanted))
    row = check("ends", "End of the plan", end, moment_words(until), why=why, meaning=meaning)
    return [row, *check_in_force(scene, wanted, "canceling", None)]


def keep(scene: Scene) -> JsonObject:
    stage = scene.stage
    cancellations.resume(stage.transaction, stage.gateway, client_id(scene), staff_id=None)
    return {}


def check_kept(scene: Scene) -> list[JsonObject]:
    wanted = promise(scene)
    return check_in_force(scene, wanted, "active", period_end(scene, wanted))


def end(scene: Scene) -> JsonObject:
    wanted = promise(scene)
    go_to(scene, scene.moment_planned("to"), by_interval=wanted.shortest != wanted.selection.period)
    return scene.made(ended=True)


def check_ended(scene: Scene) -> list[JsonObject]:
    """The subscription is over, and what the default plan gives is in force."""
    with scene.stage.transaction() as session:
        row = subscription_of(session, scene.stage.account_id, scene.known("subscription"))
        plan, seen = default_plan(session), access_of(session, client_id(scene))
        name = plan.name if plan else "no plan"
        why, meaning = "The subscription goes on at Stripe.", "A client who canceled would be charged again."
        status = row.status if row else "none"
        return [
            check("ended", "Subscription", "canceled", status, why=why, meaning=meaning),
            check("plan", "Plan in force", name, plan_name(session, seen.plan_id)),
            check_standing("ended", seen),
            *check_quotas(session, promised_quotas(session, plan), seen),
        ]


CANCEL = Kind(cancel, check_canceled, events=("customer.subscription.updated",))
KEEP = Kind(keep, check_kept, events=("customer.subscription.updated",))
END = Kind(end, check_ended, renewal_intent, ("customer.subscription.deleted",))
