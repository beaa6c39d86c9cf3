"""Links one more price to a plan without the plan form."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.plans import plans
from billingportal.domain.plans.price_links import Link, links_of, replace_links
from billingportal.models import Plan


def link(session: Session, plan_id: int, account_id: int, new: Link, *, staff_id: int) -> Plan:
    """Link the price to the plan; does nothing when it is linked already. Raises Refusal when it does not fit."""
    take_turns(session, PLANS)
    plan = plans.lock_plan(session, plan_id)
    links = links_of(plan, account_id)
    if any(one.stripe_price_id == new.stripe_price_id for one in links):
        return plan
    replace_links(session, plan, account_id, [*links, new])
    plan.revision += 1
    plan.updated_at = now()
    plans.record_plan(
        session, "plan.price_linked", f"Linked {new.stripe_price_id} to the plan {plan.name}", plan, staff_id
    )
    return plan
