"""Repairs of clients: what they may use is worked out again."""

from billingportal.domain.common import audit
from billingportal.domain.entitlements import evaluation
from billingportal.domain.health.findings.check import Surroundings
from billingportal.domain.health.repairs.repair import Repair
from billingportal.errors import Refusal
from billingportal.models import Client
from billingportal.plain_json import JsonObject


def evaluate(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Evaluate a client and store the result. Raises Refusal."""
    client_id = arguments.get("client_id")
    with surroundings.transaction() as session:
        client = session.get(Client, client_id) if isinstance(client_id, int) else None
        if client is None:
            raise Refusal("", "There is no such client any more.")
        entitlement = evaluation.evaluate(session, client.id)
        plan = entitlement.plan.name if entitlement.plan else "no plan"
        words = f"Worked out again what {client.name} may use: {plan}"
        audit.record_act(
            session, audit.Act("client.evaluated", words, staff_id=staff_id, subject=("client", client.id))
        )
        return f"{client.name} has the quotas of {plan} now." if entitlement.plan else f"{client.name} has no plan now."


REPAIRS = (Repair("client.evaluate", evaluate),)
