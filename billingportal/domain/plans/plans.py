"""Finds, creates, changes and copies plans. State changes are in `lifecycle`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, selectinload

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.evaluation_queue import mark_plan
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.plans import quota_changes
from billingportal.domain.plans import terms as plan_terms
from billingportal.domain.plans.keys import free_key
from billingportal.domain.plans.price_links import Link, replace_links
from billingportal.domain.plans.terms import Limit, PlanTerms
from billingportal.errors import Conflict, Refusal
from billingportal.models import Plan, PlanPrice, PlanQuota, Resource
from billingportal.models.plans.quota_change import AppliesTo

LONGEST_NAME = 60


@dataclass(frozen=True)
class Saving:
    """A submitted plan form: the typed terms, the prices at the account shown (None: none is connected), and the
    clients to whom new quotas apply (None: not asked yet). `sells_free`: an empty plan is meant to be sold."""

    terms: PlanTerms
    account_id: int | None
    links: Sequence[Link]
    applies_to: AppliesTo | None = None
    sells_free: bool = False


def listed_plans(session: Session, *, archived: bool = False) -> Sequence[Plan]:
    """The plans in their order, or the archived ones, with quotas and prices loaded."""
    wanted = Plan.state == "archived" if archived else Plan.state != "archived"
    return session.scalars(
        select(Plan)
        .where(wanted)
        .order_by(Plan.position, Plan.id)
        .options(
            selectinload(Plan.quotas).joinedload(PlanQuota.resource),
            selectinload(Plan.links).joinedload(PlanPrice.resource),
        )
    ).all()


def count_archived(session: Session) -> int:
    return session.scalar(select(func.count(Plan.id)).where(Plan.state == "archived")) or 0


def find_plan(session: Session, plan_id: int) -> Plan | None:
    """The plan, archived or not."""
    return session.get(Plan, plan_id)


def default_plan(session: Session) -> Plan | None:
    """The plan that new clients start on."""
    return session.scalar(select(Plan).where(Plan.is_default))


def create_plan(session: Session, saving: Saving, *, staff_id: int) -> Plan:
    """Create a plan as a draft at the end of the list. The very first is the default. Raises Refusal."""
    take_turns(session, PLANS)
    terms = plan_terms.checked(saving.terms)
    refuse_taken_name(session, terms.name)
    plan = new_plan(session, terms.name)
    plan.is_default = session.scalar(select(func.count(Plan.id))) == 0
    session.add(plan)
    write_terms(session, plan, terms, saving)
    record_plan(session, "plan.created", f"Created the plan {plan.name}", plan, staff_id)
    return plan


def update_plan(session: Session, plan_id: int, saving: Saving, *, revision: int, staff_id: int) -> Plan:
    """Change a plan that is unchanged since `revision`.

    Raises Refusal, also when an active plan would become an empty one and `sells_free` is not set; Conflict when the
    plan was changed since; quota_changes.ChoiceNeeded when clients have the plan and `applies_to` is None.
    """
    take_turns(session, PLANS)
    plan = lock_plan(session, plan_id)
    if plan.revision != revision:
        raise Conflict("Somebody changed this plan since you opened it. Open it again to see it as it is now.")
    terms = plan_terms.checked(saving.terms)
    refuse_taken_name(session, terms.name, except_id=plan.id)
    was_empty = plan.is_empty
    quota_changes.apply_quota_change(session, plan, terms.quotas or {}, saving.applies_to)
    write_terms(session, plan, terms, saving)
    if plan.state == "active" and not was_empty and not saving.sells_free:
        refuse_empty(plan)
    plan.revision += 1
    mark_plan(session, plan.id)
    record_plan(session, "plan.changed", f"Changed the plan {plan.name}", plan, staff_id)
    return plan


def copy_plan(session: Session, plan_id: int, *, staff_id: int) -> Plan:
    """A draft with the same quotas and prices, right below the plan."""
    take_turns(session, PLANS)
    plan = lock_plan(session, plan_id)
    made = new_plan(session, free_name(session, plan.name))
    session.add(made)
    copy_terms(made, plan_terms.terms_of_plan(plan))
    made.links = [
        PlanPrice(
            processor_account_id=row.processor_account_id,
            stripe_price_id=row.stripe_price_id,
            role=row.role,
            resource_id=row.resource_id,
            position=row.position,
            linked_as=row.linked_as,
            linked_at=now(),
        )
        for row in plan.prices
    ]
    put_below(session, made, plan)
    session.flush()
    record_plan(session, "plan.copied", f"Copied the plan {plan.name} as {made.name}", made, staff_id)
    return made


def new_plan(session: Session, name: str) -> Plan:
    last = session.scalar(select(func.max(Plan.position)))
    moment = now()
    position = 0 if last is None else last + 1
    return Plan(key=free_key(session, Plan, name), name=name, position=position, created_at=moment, updated_at=moment)


def put_below(session: Session, made: Plan, plan: Plan) -> None:
    for other in session.scalars(select(Plan).where(Plan.position > plan.position)):
        other.position += 1
    made.position = plan.position + 1


def write_terms(session: Session, plan: Plan, terms: PlanTerms, saving: Saving) -> None:
    plan.name = terms.name
    known = set(session.scalars(select(Resource.id)))
    quotas = {resource_id: limit for resource_id, limit in (terms.quotas or {}).items() if resource_id in known}
    copy_terms(plan, replace(terms, quotas=quotas))
    plan.updated_at = now()
    session.flush()
    if saving.account_id is not None:
        replace_links(session, plan, saving.account_id, saving.links)
    session.flush()


def copy_terms(plan: Plan, terms: PlanTerms) -> None:
    plan.description, plan.note = terms.description, terms.note
    plan.features = list(terms.features)
    plan.trial_days, plan.trial_needs_card = terms.trial_days, terms.trial_needs_card
    plan.trial_end = terms.trial_end
    plan.is_on_request = terms.is_on_request
    write_quotas(plan, dict(terms.quotas or {}))


def write_quotas(plan: Plan, limits: dict[int, Limit]) -> None:
    there = {row.resource_id: row for row in plan.quotas}
    for resource_id in there.keys() - limits.keys():
        plan.quotas.remove(there[resource_id])
    for resource_id, limit in limits.items():
        row = there.get(resource_id)
        if row is None:
            row = PlanQuota(resource_id=resource_id)
            plan.quotas.append(row)
        row.quota, row.reaction = limit.quota, limit.reaction


def lock_plan(session: Session, plan_id: int) -> Plan:
    """The plan as it is now. Raises Refusal when there is none."""
    plan = session.get(Plan, plan_id, populate_existing=True)
    if plan is None:
        raise Refusal("", "There is no such plan.")
    return plan


def refuse_empty(plan: Plan) -> None:
    """Raises Refusal for an empty plan: it is a forgotten price more often than a gift."""
    if plan.is_empty:
        words = f"{plan.name} has no price and no quotas. Add one, or confirm that you sell it free, with no limits."
        raise Refusal("sells_free", words)


def refuse_taken_name(session: Session, name: str, except_id: int = 0) -> None:
    if is_taken(session, name, except_id):
        raise Refusal("name", f"There is a plan called {name} already.")


def is_taken(session: Session, name: str, except_id: int = 0) -> bool:
    """Whether another plan, not archived, has the name. Case makes no difference to clients."""
    taken = exists().where(func.lower(Plan.name) == name.lower(), Plan.state != "archived", Plan.id != except_id)
    return bool(session.scalar(select(taken)))


def free_name(session: Session, name: str) -> str:
    """ "Growth (copy)", then "Growth (copy 2)" and so on."""
    taken = {found.lower() for found in session.scalars(select(Plan.name))}
    for number in range(1, len(taken) + 2):
        suffix = " (copy)" if number == 1 else f" (copy {number})"
        candidate = name[: LONGEST_NAME - len(suffix)] + suffix
        if candidate.lower() not in taken:
            break
    return candidate


def record_plan(session: Session, action: str, words: str, plan: Plan, staff_id: int) -> None:
    """Record an act on a plan in the audit log."""
    audit.record_act(session, audit.Act(action, words, staff_id=staff_id, subject=("plan", plan.id)))
