"""Changes a plan's state and place in the list: featured, default, active or draft, archived, order.

Every function takes the plans lock, so that concurrent clicks run one after the other and exactly one plan is the
default.
"""

from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.evaluation_queue import mark_bases
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.plans.plans import is_taken, lock_plan, record_plan, refuse_empty
from billingportal.errors import Refusal
from billingportal.models import Plan
from billingportal.models.plans.plan import PlanState

Direction = Literal["up", "down"]


def feature_plan(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """Show this plan, and no other, as “Most Popular”. Raises Refusal for an archived one."""
    plan = taken(session, plan_id)
    refuse_archived(plan, "featured")
    if not plan.is_featured:
        session.execute(update(Plan).where(Plan.is_featured).values(is_featured=False))
        plan.is_featured = True
        record_plan(session, "plan.featured", f"Featured the plan {plan.name}", plan, staff_id)
    return plan


def unfeature_plan(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """Stop showing this plan as “Most Popular”."""
    plan = taken(session, plan_id)
    if plan.is_featured:
        plan.is_featured = False
        record_plan(session, "plan.unfeatured", f"Featured the plan {plan.name} no longer", plan, staff_id)
    return plan


def make_default(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """Make this the plan that new clients start on. Raises Refusal for a plan that is not active."""
    plan = taken(session, plan_id)
    refuse_archived(plan, "the default")
    if plan.state != "active":
        raise Refusal("", f"{plan.name} is a draft. Activate it before new clients start on it.")
    if not plan.is_default:
        session.execute(update(Plan).where(Plan.is_default).values(is_default=False))
        plan.is_default = True
        mark_bases(session)
        record_plan(session, "plan.made_default", f"Made {plan.name} the default plan", plan, staff_id)
    return plan


def activate_plan(session: Session, plan_id: int, *, staff_id: int, sells_free: bool = False) -> Plan:
    """Sell the plan and show it on the pricing page.

    Raises Refusal for an archived one, and for an empty one unless `sells_free` says that it is meant.
    """
    plan = taken(session, plan_id)
    if plan.state == "archived":
        raise Refusal("", f"{plan.name} is archived. Restore it first.")
    if plan.state != "active" and not sells_free:
        refuse_empty(plan)
    return change_state(session, plan, "active", "activated", staff_id)


def deactivate_plan(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """Stop selling the plan. Clients keep it. Raises Refusal for the default plan and for an archived one."""
    plan = taken(session, plan_id)
    refuse_default(plan, "deactivate")
    if plan.state == "archived":
        raise Refusal("", f"{plan.name} is archived already.")
    return change_state(session, plan, "draft", "deactivated", staff_id)


def archive_plan(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """Archive the plan. Clients who have it keep it and go on paying. Raises Refusal for the default plan."""
    plan = taken(session, plan_id)
    refuse_default(plan, "archive")
    plan.is_featured = False
    return change_state(session, plan, "archived", "archived", staff_id)


def restore_plan(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """Restore an archived plan to the list as a draft. Raises Refusal when another plan has its name now."""
    plan = taken(session, plan_id)
    if plan.state != "archived":
        return plan
    if is_taken(session, plan.name, except_id=plan.id):
        raise Refusal("", f"Another plan is called {plan.name} now. Rename that one first.")
    return change_state(session, plan, "draft", "restored", staff_id)


def move_plan(session: Session, plan_id: int, direction: Direction, *, staff_id: int) -> Plan:
    """Swap places with the plan above or below, if there is one."""
    plan = taken(session, plan_id)
    order = list(session.scalars(select(Plan).where(Plan.state != "archived").order_by(Plan.position, Plan.id)))
    if plan not in order:
        return plan
    before = order.index(plan)
    after = before + (-1 if direction == "up" else 1)
    if 0 <= after < len(order):
        order.insert(after, order.pop(before))
        for position, one in enumerate(order):
            one.position = position
        record_plan(session, "plan.moved", f"Moved the plan {plan.name} {direction}", plan, staff_id)
    return plan


def taken(session: Session, plan_id: int) -> Plan:
    """The plan, locked: waits for other transactions that change plans. Raises Refusal."""
    take_turns(session, PLANS)
    return lock_plan(session, plan_id)


def change_state(session: Session, plan: Plan, state: PlanState, verb: str, staff_id: int) -> Plan:
    if plan.state != state:
        plan.state = state
        plan.archived_at = now() if state == "archived" else None
        record_plan(session, f"plan.{verb}", f"{verb.capitalize()} the plan {plan.name}", plan, staff_id)
    return plan


def refuse_archived(plan: Plan, what: str) -> None:
    if plan.state == "archived":
        raise Refusal("", f"{plan.name} is archived and cannot be {what}. Restore it first.")


def refuse_default(plan: Plan, verb: str) -> None:
    if plan.is_default:
        raise Refusal("", f"{plan.name} is the default plan. Set another plan as default before you {verb} it.")
