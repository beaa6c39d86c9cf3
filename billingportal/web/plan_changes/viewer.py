"""Who looks at a client's plan: staff, or the client. The pages are the same, in another frame."""

from dataclasses import dataclass

from flask import abort, url_for

from billingportal.db import db
from billingportal.domain.connection import processor_accounts
from billingportal.errors import Refusal
from billingportal.models import Client
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen
from billingportal.web.auth.client_session import current_client
from billingportal.web.auth.session import current_staff
from billingportal.web.clients.steps import client_or_404

AWAY = "Stripe does not answer right now. Nothing was changed. Try again in a moment."
NOT_HERE = "Stripe is not connected, so nothing can be changed right now."


@dataclass(frozen=True)
class Viewer:
    """One of the two frames, with the addresses in it. `staff_id` is None for the client."""

    client_id: int
    client_name: str
    mode: Mode
    staff_id: int | None
    layout: str

    @property
    def is_staff(self) -> bool:
        return self.staff_id is not None

    @property
    def home(self) -> str:
        return url_for("clients.show", client_id=self.client_id) if self.is_staff else url_for("billing.show")

    @property
    def home_words(self) -> str:
        return self.client_name if self.is_staff else "Billing"

    def address(self, door: str) -> str:
        """The address of a door of plan changes: `choose`, `preview`, `create`, `destroy`."""
        if self.is_staff:
            return url_for(f"plan_moves.{door}", client_id=self.client_id)
        return url_for(f"own_plan.{door}")

    def move(self, move_id: int) -> str:
        """The address of what became of a change."""
        if self.is_staff:
            return url_for("plan_moves.show", client_id=self.client_id, move_id=move_id)
        return url_for("own_plan.show", move_id=move_id)

    def cancellation(self, door: str) -> str:
        """The address of a door of cancelling: `new`, `create`, `destroy`."""
        if self.is_staff:
            return url_for(f"cancellations.{door}", client_id=self.client_id)
        return url_for(f"own_cancellation.{door}")

    @property
    def start(self) -> str:
        """Where a trial is ended, to start paying."""
        return (
            url_for("trial_ends.create", client_id=self.client_id) if self.is_staff else url_for("own_trial_end.create")
        )


def staff_viewer(client_id: int) -> Viewer:
    client = client_or_404(client_id)
    return side_of(client, current_staff().id, "layout/admin.html")


def client_viewer() -> Viewer:
    return side_of(current_client(), None, "layout/portal.html")


def side_of(client: Client, staff_id: int | None, layout: str) -> Viewer:
    return Viewer(client.id, client.name, client.mode, staff_id, layout)


def gateway_of(side: Viewer) -> StripeGateway:
    """The way to Stripe in the client's mode, with nothing open here. Raises Refusal where there is none."""
    portal = current_portal()
    account = processor_accounts.connected(db.session(), side.mode)
    if account is None:
        raise Refusal("", NOT_HERE)
    try:
        opened = processor_accounts.gateway_of(account, portal.vault, portal.open_gateway)
    except CannotOpen:
        raise Refusal("", NOT_HERE) from None
    db.session().rollback()
    return opened


def client_of(side: Viewer) -> Client:
    return db.session().get(Client, side.client_id) or abort(404)


def stripe_words(problem: StripeProblem) -> str:
    """What to say when Stripe said no, or nothing."""
    if isinstance(problem, (RequestRefused, RightMissing, NotThere)):
        return f"Stripe refused this: {problem.message}"
    return AWAY
