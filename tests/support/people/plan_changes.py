"""Changes of plan as people make them: looked at, then confirmed."""

from threading import Event

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.offers.selection import Selection
from billingportal.domain.plan_changes import changes as plan_change_changes
from billingportal.domain.plan_changes import quotes as plan_change_quotes
from billingportal.domain.plan_changes.planning import ChangeRequest
from billingportal.domain.plan_changes.previews import Preview
from billingportal.models import Entitlement, PlanChange
from billingportal.models.plan_changes.plan_change import ChangeTiming
from tests.support.people.clients import connection

MONTHLY = Selection(("month", 1), "usd")
YEARLY = Selection(("year", 1), "usd")


def look(
    client_id: int,
    plan_id: int,
    selection: Selection = MONTHLY,
    timing: ChangeTiming | None = None,
    staff_id: int | None = None,
) -> Preview:
    """What the change would cost."""
    _, gateway = connection()
    request = ChangeRequest(client_id, plan_id, selection, timing, staff_id=staff_id)
    return plan_change_quotes.preview(transaction, gateway, request)


def confirm(client_id: int, shown: Preview, staff_id: int | None = None) -> int:
    """Make the change that was shown; the id of its row."""
    _, gateway = connection()
    request = ChangeRequest(
        client_id, shown.plan.id, shown.selection, shown.timing, shown.prorated_at, shown.seal, staff_id
    )
    return plan_change_changes.make_change(transaction, gateway, request)


def move(
    client_id: int, plan_id: int, selection: Selection = MONTHLY, timing: ChangeTiming | None = None
) -> tuple[Preview, PlanChange]:
    """Look and confirm; what was shown, and the change as it stands then."""
    shown = look(client_id, plan_id, selection, timing)
    move_id = confirm(client_id, shown)
    return shown, move_of(move_id)


def move_of(move_id: int) -> PlanChange:
    session = db.session()
    session.rollback()
    return session.get_one(PlanChange, move_id, populate_existing=True)


def entitlement_of(client_id: int) -> Entitlement:
    session = db.session()
    session.rollback()
    return session.query(Entitlement).filter_by(client_id=client_id).populate_existing().one()


def wait_for_next_second() -> None:
    """Until Stripe's clock, which knows whole seconds, shows another one."""
    second, pause = clock.now().second, Event()
    while clock.now().second == second:
        pause.wait(0.02)
