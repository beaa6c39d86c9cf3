"""Creates a client for staff: with a free plan, a granted plan, or a paid plan that the client is to buy."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from billingportal.domain.clients import clients, comps
from billingportal.domain.clients.clients import ClientDraft, ClientTerms
from billingportal.domain.clients.workspaces import WorkspaceTerms
from billingportal.domain.common import audit
from billingportal.errors import Refusal
from billingportal.models import Client, Plan
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True)
class NewClient:
    """`plan_id` None is the default plan. `is_by_hand`: staff grant a priced plan; else the client pays for it."""

    terms: ClientTerms
    workspace: WorkspaceTerms
    plan_id: int | None = None
    is_by_hand: bool = False
    reason: str = ""
    last_day: date | None = None


def create_by_staff(session: Session, mode: Mode, new: NewClient, *, staff_id: int) -> Client:
    """Create the client. Raises Refusal naming the field."""
    plan = session.get(Plan, new.plan_id) if new.plan_id is not None else None
    if new.plan_id is not None and (plan is None or plan.state == "archived"):
        raise Refusal("plan", "This plan is archived or gone. Choose another one.")
    draft = ClientDraft(
        mode=mode,
        name=new.terms.name,
        email=new.terms.email,
        external_id=new.terms.external_id,
        source="staff",
        base_plan_id=plan.id if plan is not None and not costs(plan) else None,
        workspace_name=new.workspace.name,
        workspace_external_id=new.workspace.external_id,
        author=audit.by_staff(staff_id),
    )
    client = clients.create_client(session, draft)
    if plan is not None and costs(plan) and new.is_by_hand:
        comps.grant_plan(session, client.id, plan.id, new.reason, new.last_day, staff_id=staff_id)
    return client


def costs(plan: Plan) -> bool:
    """Whether the plan has prices or is on request."""
    return plan.is_priced or plan.is_on_request
