"""The forms that create and edit a client."""

from collections.abc import Sequence

from sqlalchemy.orm import Session
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Optional

from billingportal.domain.clients.clients import ClientTerms
from billingportal.domain.clients.creation import NewClient, costs
from billingportal.domain.clients.workspaces import WorkspaceTerms
from billingportal.domain.plans import plans
from billingportal.limits import whole_number
from billingportal.models import Plan
from billingportal.web.common.forms import PortalForm

DEFAULT = "default"
# The id of no plan, for an invalid value: it is refused at its field.
NO_PLAN = 0


class ClientForm(PortalForm):
    """`revision` is the client's revision when the form was opened."""

    name = StringField("Business name")
    email = StringField("Email", description="Billing letters and Stripe's receipts go there.")
    external_id = StringField("External ID", description="Optional: what your platform calls this client.")
    revision = HiddenField()

    @property
    def terms(self) -> ClientTerms:
        return ClientTerms(self.name.data or "", self.email.data or "", self.external_id.data)


class ReasonForm(PortalForm):
    """The reason that staff give for every manual action."""

    reason = StringField("Reason", description="Your team reads it in the timeline.")


class NewClientForm(ClientForm):
    """Staff grant a plan with a price for nothing, with a reason, or the client pays on its billing page."""

    workspace_name = StringField("First workspace", description="Optional. More can be added later.")
    workspace_external_id = StringField("Workspace ID", description="Optional: what your platform calls it.")
    plan = SelectField("Plan", validate_choice=False)
    way = RadioField(
        "A plan with a price",
        choices={
            "link": "The client pays: you get a link to its billing page, where it chooses a plan and pays",
            "comp": "Give it by hand, for nothing",
        },
        default="link",
        validate_choice=False,
    )
    reason = StringField("Reason", description="Why it is given by hand.")
    expires_on = DateField("Last day", description="Empty: no end.", validators=[Optional()])

    @property
    def new_client(self) -> NewClient:
        plan = self.plan.data or DEFAULT
        return NewClient(
            self.terms,
            WorkspaceTerms(self.workspace_name.data or "", self.workspace_external_id.data),
            None if plan == DEFAULT else whole_number(plan) or NO_PLAN,
            self.way.data == "comp",
            self.reason.data or "",
            self.expires_on.data,
        )


def plan_options(session: Session) -> Sequence[tuple[str, str]]:
    """The plans that a new client can have. The default is the first."""
    found = plans.listed_plans(session)
    usual = next((plan for plan in found if plan.is_default and not costs(plan)), None)
    words = f"{usual.name} (default)" if usual else "No plan yet"
    return [(DEFAULT, words), *((str(plan.id), option_words(plan)) for plan in found if plan is not usual)]


def option_words(plan: Plan) -> str:
    """The plan's name, and whether it is free, priced or a draft."""
    kind = "has a price" if costs(plan) else "free"
    return f"{plan.name} ({kind}{', draft' if plan.state == 'draft' else ''})"
