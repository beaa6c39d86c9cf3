"""Repairs of rehearsals: test clocks that stayed at Stripe are deleted."""

from billingportal.domain.common import audit
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import Surroundings
from billingportal.domain.health.repairs.connection import account_of
from billingportal.domain.health.repairs.plans import gateway
from billingportal.domain.health.repairs.repair import Repair
from billingportal.domain.rehearsal import cleanup
from billingportal.errors import Refusal
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import StripeProblem


def delete_clocks(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Delete the clocks with our label that are older than a day. Raises Refusal when Stripe does not."""
    with surroundings.transaction() as session:
        stripe = gateway(surroundings, account_of(session, arguments))
    try:
        number = cleanup.delete_left_behind(surroundings.transaction, stripe)
    except StripeProblem as problem:
        raise Refusal("", problem.message) from None
    words = f"Deleted {counted(number, 'test clocks')} at Stripe"
    with surroundings.transaction() as session:
        audit.record_act(session, audit.Act("rehearsal.clocks_deleted", words, staff_id=staff_id))
    return f"{words}."


REPAIRS = (Repair("clocks.delete", delete_clocks),)
