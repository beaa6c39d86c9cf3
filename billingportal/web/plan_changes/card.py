"""The card on a client's page about an open plan change, a cancellation or a trial."""

from dataclasses import dataclass

from flask import Flask
from sqlalchemy.orm import Session

from billingportal.db import db
from billingportal.domain.entitlements.planned_changes import PlannedChange
from billingportal.domain.plan_changes import trial_terms
from billingportal.domain.plan_changes import trials as plan_change_trials
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.price_moves.emails import amounts
from billingportal.domain.subscriptions import change_state, client_subscriptions
from billingportal.models import Client, Invoice, Plan, PlanChange
from billingportal.money import Money
from billingportal.web.auth.session import find_staff
from billingportal.web.plan_changes.pages import invoice_of
from billingportal.web.plan_changes.viewer import Viewer, viewer_of


@dataclass(frozen=True)
class MoveCard:
    """`present` is None without a running subscription; then the card shows only an open change. `prices`: what the
    client pays before and after, where the change is to a new price of the same plan."""

    viewer: Viewer
    present: PresentPlan | None
    move: PlanChange | None
    invoice: Invoice | None
    has_card: bool
    trial_words: str
    prices: tuple[Money, Money] | None

    @property
    def planned_in_stripe(self) -> PlannedChange | None:
        """The change that nobody planned here."""
        planned = self.present.planned if self.present else None
        return planned if planned is not None and planned.is_set_in_stripe else None

    @property
    def is_empty(self) -> bool:
        if self.move is not None or self.present is None:
            return self.move is None
        if self.present.ends_at is not None:
            return not self.viewer.is_staff
        return not (self.present.is_on_trial and (self.has_card or self.viewer.is_staff))


def facts(session: Session, client: Client, *, is_staff: bool = True) -> MoveCard:
    """The data of the card."""
    staff = find_staff() if is_staff else None
    viewer = viewer_of(client, staff.id if staff else None, "")
    present = present_plan(session, client)
    move = change_state.open_change(session, client.id)
    is_trial = present is not None and present.is_on_trial
    return MoveCard(
        viewer=viewer,
        present=present,
        move=move,
        invoice=invoice_of(move) if move else None,
        has_card=is_trial and trial_terms.has_card(session, client),
        trial_words=trial_words(session, client, present),
        prices=prices_of(session, move),
    )


def prices_of(session: Session, move: PlanChange | None) -> tuple[Money, Money] | None:
    """What the client pays before and after a price move."""
    row = change_state.price_move_of(session, move) if move is not None else None
    return amounts(row) if row is not None else None


def trial_words(session: Session, client: Client, present: PresentPlan | None) -> str:
    """What happens at the end of the trial."""
    if present is None or present.plan is None or not present.is_on_trial:
        return ""
    subscription = client_subscriptions.running_of(session, client)
    if subscription is None:
        return ""
    return plan_change_trials.trial_ending(session, client, subscription, session.get_one(Plan, present.plan.id)).words


def move_card(client: Client, *, is_staff: bool = True) -> MoveCard:
    return facts(db.session(), client, is_staff=is_staff)


def init_app(app: Flask) -> None:
    app.add_template_global(move_card)
