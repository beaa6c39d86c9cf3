"""Plans granted to clients by staff. A grant lasts until its last day is over, or until staff end it."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.clients.clients import lock_client, record_client
from billingportal.domain.clients.manual_grants import checked_reason, end_of
from billingportal.domain.common.audit import by_staff
from billingportal.domain.common.dates import day
from billingportal.domain.entitlements import evaluation
from billingportal.domain.subscriptions import client_clock
from billingportal.errors import Refusal
from billingportal.models import Client, Comp, Plan


def running_comp(session: Session, client: Client) -> Comp | None:
    """The grant of a plan that the client has now, if any, by the client's clock."""
    comp = unended_comp(session, client.id)
    if comp is None or (comp.expires_at is not None and comp.expires_at <= client_clock.moment_of(session, client)):
        return None
    return comp


def unended_comp(session: Session, client_id: int) -> Comp | None:
    return session.scalar(select(Comp).where(Comp.client_id == client_id, Comp.ended_at.is_(None)))


def grant_plan(
    session: Session, client_id: int, plan_id: int | None, reason: str, last_day: date | None, *, staff_id: int | None
) -> Comp:
    """Grant a plan, replacing an earlier grant. Repeating it has no effect. Raises Refusal."""
    client = lock_client(session, client_id)
    plan = session.get(Plan, plan_id) if plan_id is not None else None
    if plan is None or plan.state == "archived":
        raise Refusal("plan", "Choose a plan." if plan is None else f"{plan.name} is archived. Choose another plan.")
    moment = client_clock.moment_of(session, client)
    clean, expires_at = checked_reason(reason), end_of(last_day, moment)
    before = unended_comp(session, client.id)
    if before is not None and (before.plan_id, before.reason, before.expires_at) == (plan.id, clean, expires_at):
        return before
    if before is not None:
        before.ended_at = moment
        session.flush()
    comp = Comp(
        client_id=client.id, plan_id=plan.id, reason=clean, staff_id=staff_id, given_at=moment, expires_at=expires_at
    )
    session.add(comp)
    until = f"until the end of {day(last_day)}" if last_day else "without an end"
    record_client(
        session, client, "comp.given", f"Gave the plan {plan.name} by hand, {until}: {clean}", by_staff(staff_id)
    )
    evaluation.evaluate(session, client.id)
    return comp


def end_comp(session: Session, client_id: int, *, staff_id: int) -> Client:
    """End the client's granted plan, if there is one. Raises Refusal."""
    client = lock_client(session, client_id)
    comp = unended_comp(session, client.id)
    if comp is not None:
        comp.ended_at = client_clock.moment_of(session, client)
        record_client(
            session, client, "comp.ended", f"Ended the plan {comp.plan.name} given by hand", by_staff(staff_id)
        )
        evaluation.evaluate(session, client.id)
    return client
