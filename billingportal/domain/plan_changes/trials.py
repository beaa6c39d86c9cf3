"""Trials: an email before the end, and ending a trial early to start paying."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.checkout.requests import missing_card
from billingportal.domain.clients import clients
from billingportal.domain.common import audit
from billingportal.domain.common.dates import day
from billingportal.domain.common.shown_amounts import ShownAmount, require_unchanged
from billingportal.domain.entitlements import client_plans, evaluation
from billingportal.domain.mail import messages as mail_messages
from billingportal.domain.mail import settings as mail_settings
from billingportal.domain.metering.push import push_before_change
from billingportal.domain.plan_changes.present_plan import PresentPlan, present_plan
from billingportal.domain.plan_changes.quotes import ImmediateCharge, immediate_charge
from billingportal.domain.plan_changes.trial_terms import has_card
from billingportal.domain.subscriptions import client_subscriptions
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.domain.subscriptions.client_subscriptions import TrialOutcome
from billingportal.domain.sync import reconciliation
from billingportal.errors import Refusal
from billingportal.models import Client, Customer, Entitlement, OutgoingMail, Plan, Subscription
from billingportal.stripe_gateway.gateway import StripeGateway

# The same lead as Stripe's event customer.subscription.trial_will_end.
BEFORE = timedelta(days=3)
WORDS: dict[TrialOutcome, str] = {
    "charged": "Then it goes on as a paid plan.",
    "billed": "Then it goes on as a paid plan, and an invoice is sent.",
    "declined": "Without a card its first payment fails then.",
    "paused": "Without a card it is paused then, until one is added.",
    "ended": "Without a card it ends then, and {base} takes its place.",
}


@dataclass(frozen=True)
class TrialEnding:
    """What happens at the end of a trial as things are now, and a sentence on it."""

    outcome: TrialOutcome
    words: str

    @property
    def needs_card(self) -> bool:
        """Whether the plan goes on only with a card."""
        return self.outcome not in ("charged", "billed")


def trial_ending(session: Session, client: Client, subscription: Subscription, plan: Plan | None) -> TrialEnding:
    """What happens at the end of the client's trial of a plan.

    Where Stripe's setting was not read yet, it is the one that the portal gives to trials of the plan.
    """
    outcome = client_subscriptions.trial_outcome(session, subscription)
    if outcome == "unknown":
        outcome = "paused" if plan is not None and missing_card(plan) == "pause" else "ended"
    base = client_plans.base_plan(session, client)
    leaves_none = client.base_plan_id is None and plan is not None and plan.trial_end == "cancel"
    return TrialEnding(outcome, WORDS[outcome].format(base=base.name if base and not leaves_none else "no plan"))


def trial_end_charge(transaction: Transaction, gateway: StripeGateway, client_id: int) -> ImmediateCharge:
    """What ending the trial now charges. Call it with no transaction open. Raises Refusal, StripeProblem."""
    with transaction() as session:
        present = trial_or_refuse(session, client_id)
    invoice = gateway.subscriptions.preview_trial_end(present.stripe_subscription_id)
    with transaction() as session:
        return immediate_charge(session, session.get_one(Client, client_id), present, invoice)


def start_now(
    transaction: Transaction,
    gateway: StripeGateway,
    client_id: int,
    shown: ShownAmount | None,
    *,
    staff_id: int | None,
) -> None:
    """End the client's trial and charge the amount that was shown. Call it with no transaction open.

    Raises Changed when another amount or card would be charged, Refusal, and a StripeProblem.
    """
    push_before_change(transaction, gateway, client_id, leaves_use=True)  # what a trial used costs nothing
    current = trial_end_charge(transaction, gateway, client_id).shown
    require_unchanged(shown, current)
    with transaction() as session:
        present = trial_or_refuse(session, client_id)
    name = present.stripe_subscription_id
    ends = present.trial_ends_at.isoformat() if present.trial_ends_at else ""
    key = f"start-now-{present.account_id}-{current.key}-{ends}-{present.revision}"
    gateway.subscriptions.end_trial(name, key)
    reconciliation.refresh_subscription(transaction, gateway, present.account_id, name)
    with transaction() as session:
        audit.record_act(
            session,
            audit.Act(
                "subscription.trial_ended",
                f"Started {present.name} before the end of its trial",
                staff_id=staff_id,
                actor="staff" if staff_id else "client",
                subject=("client", client_id),
                processor_account_id=present.account_id,
            ),
        )
        evaluation.evaluate(session, client_id)


def trial_or_refuse(session: Session, client_id: int) -> PresentPlan:
    client = clients.lock_client(session, client_id)
    present = present_plan(session, client)
    if present is None or not present.is_on_trial:
        raise Refusal("", "There is no trial any more. The plan runs already, or it has ended.")
    if present.ends_at is not None:
        raise Refusal("", f"The trial ends on {day(present.ends_at)}. Resume it first.")
    if not has_card(session, client):
        raise Refusal("", "There is no card to charge. Add one first.")
    return present


def remind_due(transaction: Transaction) -> None:
    """Email every client whose trial ends within three days, once for each end date."""
    with transaction() as session:
        client_ids = on_trial(session)
    for client_id in client_ids:
        with transaction() as session:
            remind(session, session.get_one(Client, client_id))


def on_trial(session: Session) -> Sequence[int]:
    """Ids of clients whose trial may end soon and who got no email yet; on a test clock, a trial may end any time."""
    if not mail_settings.is_on(session):
        return ()
    written = select(OutgoingMail.id).where(
        OutgoingMail.client_id == Entitlement.client_id,
        OutgoingMail.kind == "trial_ending",
        OutgoingMail.occasion.startswith("trial-ending:" + Subscription.stripe_subscription_id),
    )
    return session.scalars(
        select(Entitlement.client_id)
        .join(
            Subscription,
            (Subscription.processor_account_id == Entitlement.processor_account_id)
            & (Subscription.stripe_subscription_id == Entitlement.stripe_subscription_id),
        )
        .join(
            Customer,
            (Customer.processor_account_id == Subscription.processor_account_id)
            & (Customer.stripe_customer_id == Subscription.stripe_customer_id),
        )
        .where(
            Entitlement.standing == "trialing",
            (Subscription.trial_ends_at <= now() + BEFORE) | Customer.stripe_test_clock_id.is_not(None),
            ~written.exists(),
        )
    ).all()


def remind(session: Session, client: Client) -> bool:
    """Queue the email if the trial ends soon. Returns whether it was queued now."""
    present = present_plan(session, client)
    if present is None or present.trial_ends_at is None or present.plan is None or present.ends_at is not None:
        return False
    left = present.trial_ends_at - moment_of(session, client)
    if not timedelta(0) < left <= BEFORE:
        return False
    subscription = client_subscriptions.running_of(session, client)
    if subscription is None:
        return False
    plan = session.get_one(Plan, present.plan.id)
    occasion = f"trial-ending:{present.stripe_subscription_id}:{present.trial_ends_at.date().isoformat()}"
    ending = trial_ending(session, client, subscription, plan)
    letter = mail_messages.trial_ending(plan.name, present.trial_ends_at, ending.words, needs_card=ending.needs_card)
    return mail_messages.post(session, client, occasion, letter)
