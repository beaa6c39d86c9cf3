"""A trial that began without a card: what becomes of it at its end is what the plan says."""

from billingportal.domain.rehearsal.comparison import check
from billingportal.domain.rehearsal.promises import default_plan, promised_quotas
from billingportal.domain.rehearsal.stage import Scene
from billingportal.domain.rehearsal.steps.arrival import client_id, plan_name
from billingportal.domain.rehearsal.steps.facts import access_of, check_quotas, check_standing, subscription_of
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.domain.rehearsal.steps.renewal import go_to, trial_intent
from billingportal.models import Plan, RehearsalLife
from billingportal.plain_json import JsonObject

AFTER_TRIAL = {"pause": "paused", "cancel": "canceled", "default": "canceled"}
STANDINGS = {"paused": "paused", "canceled": "ended"}


def end_without_card(scene: Scene) -> JsonObject:
    go_to(scene, scene.moment_planned("to"))
    return {}


def check_without_card(scene: Scene) -> list[JsonObject]:
    """Nothing is charged. The plan is in force no more; a canceled client has what the default plan gives."""
    with scene.stage.transaction() as session:
        plan = session.get_one(Plan, session.get_one(RehearsalLife, scene.stage.life_id).plan_id)
        status = AFTER_TRIAL[plan.trial_end]
        row = subscription_of(session, scene.stage.account_id, scene.known("subscription"))
        seen = access_of(session, client_id(scene))
        why, meaning = (
            "The trial ended otherwise than the plan says.",
            "A client without a card would be served or billed.",
        )
        rows = [
            check(
                "trial_card",
                "Subscription after the trial",
                status,
                row.status if row else "none",
                why=why,
                meaning=meaning,
            ),
            check_standing(STANDINGS[status], seen),
        ]
        if status == "canceled":
            base = default_plan(session)
            name = base.name if base else "no plan"
            rows.append(check("plan", "Plan in force", name, plan_name(session, seen.plan_id)))
            rows += check_quotas(session, promised_quotas(session, base), seen)
    return [*rows, check_no_charge(scene)]


def check_no_charge(scene: Scene) -> JsonObject:
    invoices = scene.stage.gateway.test_customers.invoices(scene.known("customer"))
    charged = sum(1 for one in invoices if one.total_minor and one.status != "draft")
    return check("trial_charge", "Invoices that ask for money", "none", f"{charged}" if charged else "none")


TRIAL_CARD = Kind(end_without_card, check_without_card, trial_intent)
