"""Repairs of plans: what was archived or turned off at Stripe is put back there."""

from typing import cast, get_args

from billingportal.domain.common import audit
from billingportal.domain.connection.processor_accounts import gateway_of
from billingportal.domain.health.findings.check import Surroundings
from billingportal.domain.health.repairs.connection import account_of
from billingportal.domain.health.repairs.repair import Repair
from billingportal.domain.plans import drift_repair
from billingportal.domain.plans.drift import RepairKind
from billingportal.domain.plans.drift_repair import Repairing
from billingportal.domain.sync import reconciliation
from billingportal.domain.sync.object_types import METER
from billingportal.errors import Conflict, Refusal
from billingportal.models import PlanPrice, ProcessorAccount
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen

GONE = "This has been repaired already, or changed again."


def gateway(surroundings: Surroundings, account: ProcessorAccount) -> StripeGateway:
    """Raises Refusal when the key cannot be opened."""
    try:
        return gateway_of(account, surroundings.vault, surroundings.open_gateway)
    except CannotOpen as problem:
        raise Refusal("", str(problem)) from None


def repair_price(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Unarchive a price or its product at Stripe. Raises Refusal."""
    link_id, kind = arguments.get("plan_price_id"), arguments.get("kind")
    if not isinstance(link_id, int) or kind not in get_args(RepairKind):
        raise Refusal("", GONE)
    with surroundings.transaction() as session:
        link = session.get(PlanPrice, link_id)
        if link is None:
            raise Refusal("", GONE)
        account = account_of(session, {"account_id": link.processor_account_id})
        stripe = gateway(surroundings, account)
    try:
        drift_repair.repair_drift(
            Repairing(surroundings.transaction, stripe, link_id, cast(RepairKind, kind), staff_id)
        )
    except Conflict as conflict:
        raise Refusal("", str(conflict)) from None
    return "Repaired at Stripe. The plan can be sold again."


def reactivate_meter(surroundings: Surroundings, arguments: JsonObject, staff_id: int) -> str:
    """Turn a meter on again at Stripe. Raises Refusal."""
    meter_id = arguments.get("stripe_meter_id")
    if not isinstance(meter_id, str):
        raise Refusal("", GONE)
    with surroundings.transaction() as session:
        account = account_of(session, arguments)
        account_id, stripe = account.id, gateway(surroundings, account)
    try:
        stripe.reactivate_meter(meter_id)
        reconciliation.refresh(surroundings.transaction, stripe, account_id, METER, meter_id)
    except StripeProblem as problem:
        raise Refusal("", f"Stripe did not do it: {problem.message}") from None
    with surroundings.transaction() as session:
        words = f"Turned the meter {meter_id} on again at Stripe"
        audit.record_act(
            session, audit.Act("meter.reactivated", words, staff_id=staff_id, processor_account_id=account_id)
        )
    return "The meter is on again. What could not be sent meanwhile is sent now."


REPAIRS = (Repair("plan.repair_price", repair_price), Repair("meter.reactivate", reactivate_meter))
