"""The viewer of a plan-change page: staff or the client. Supplies layout and URLs."""

from dataclasses import dataclass

from flask import abort, url_for

from billingportal.db import db
from billingportal.domain.offers.pricing_page import slug
from billingportal.domain.plan_changes.previews import Preview
from billingportal.models import Client
from billingportal.models.connection.processor_account import Mode
from billingportal.models.plan_changes.plan_change import ChangeTiming
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.web.auth.client_session import current_client
from billingportal.web.auth.session import current_staff
from billingportal.web.clients.steps import client_or_404
from billingportal.web.common.stripe_access import stripe_for
from billingportal.web.offers.query import with_choice


@dataclass(frozen=True)
class Viewer:
    """The viewer's client, layout and URLs. `staff_id` is None for the client."""

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
        """The URL of a plan-change page: `choose`, `preview`, `create`, `destroy`."""
        if self.is_staff:
            return url_for(f"plan_moves.{door}", client_id=self.client_id)
        return url_for(f"own_plan.{door}")

    def preview_at(self, shown: Preview, timing: ChangeTiming) -> str:
        """The URL of the same preview with another timing: now or at renewal."""
        quantities = {f"quantity.{shown.plan.id}.{key}": str(n) for key, n in shown.selection.quantities.items()}
        values = {"plan": str(shown.plan.id), "interval": slug(shown.selection.period), **quantities, "timing": timing}
        return with_choice(self.address("preview"), values)

    def move(self, move_id: int) -> str:
        """The URL of a change's result."""
        if self.is_staff:
            return url_for("plan_moves.show", client_id=self.client_id, move_id=move_id)
        return url_for("own_plan.show", move_id=move_id)

    def cancellation(self, door: str) -> str:
        """The URL of a cancellation page: `new`, `create`, `destroy`."""
        if self.is_staff:
            return url_for(f"cancellations.{door}", client_id=self.client_id)
        return url_for(f"own_cancellation.{door}")

    @property
    def start(self) -> str:
        """The URL of the page that ends the trial and starts the paid plan."""
        return url_for("trial_ends.new", client_id=self.client_id) if self.is_staff else url_for("own_trial_end.new")


def staff_viewer(client_id: int) -> Viewer:
    client = client_or_404(client_id)
    return viewer_of(client, current_staff().id, "layout/admin.html")


def client_viewer() -> Viewer:
    return viewer_of(current_client(), None, "layout/portal.html")


def viewer_of(client: Client, staff_id: int | None, layout: str) -> Viewer:
    return Viewer(client.id, client.name, client.mode, staff_id, layout)


def gateway_of(viewer: Viewer) -> StripeGateway:
    """The gateway of the client's mode, with no transaction open. Raises Refusal where there is none."""
    return stripe_for(viewer.mode, for_client=not viewer.is_staff).gateway


def client_of(viewer: Viewer) -> Client:
    return db.session().get(Client, viewer.client_id) or abort(404)
