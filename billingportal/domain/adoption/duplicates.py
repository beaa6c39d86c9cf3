"""Extra subscriptions of a client: list them, promote one, or cancel and refund one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.db import Transaction
from billingportal.domain.adoption import matching as adoption_matching
from billingportal.domain.adoption.duplicate_payments import Paid, paid_for, read_paid
from billingportal.domain.adoption.duplicate_removal import Removing, remove_at_stripe
from billingportal.domain.adoption.matching import Running
from billingportal.domain.clients import clients
from billingportal.domain.common import audit
from billingportal.domain.common.shown_amounts import Changed, ShownAmount, require_unchanged
from billingportal.domain.entitlements import evaluation
from billingportal.domain.subscriptions import change_state, client_subscriptions
from billingportal.domain.subscriptions.client_clock import moment_of
from billingportal.errors import Refusal
from billingportal.models import AuditEntry, Client, Entitlement, Subscription
from billingportal.models.audit_entry import Actor
from billingportal.money import Money
from billingportal.plain_json import Json
from billingportal.stripe_gateway.gateway import StripeGateway

GONE = "This subscription does not run beside another one any more."
UNPAID = "This subscription is not paid, and another one is. The paid one counts."
ASKED, DONE = "duplicate.removal_requested", "duplicate.removed"


@dataclass(frozen=True)
class Duplicate:
    """An extra subscription. `is_begun`: its removal was requested and is not finished. `may_count`: it can become the
    main one, as it is paid or the main one is not."""

    running: Running
    started_at: datetime
    currency: str
    paid: tuple[Paid, ...]
    is_begun: bool
    may_count: bool = True

    @property
    def stripe_subscription_id(self) -> str:
        return self.running.stripe_subscription_id

    @property
    def total(self) -> Money:
        """The amount paid for it. A subscription has one currency."""
        return sum((one.amount for one in self.paid), Money(0, self.currency))

    @property
    def rest(self) -> Money:
        """What is refunded when it is removed."""
        return sum((one.rest for one in self.paid), Money(0, self.currency))

    @property
    def shown(self) -> ShownAmount:
        """What the button says that removes it."""
        return ShownAmount(self.stripe_subscription_id, self.rest)


def duplicates_of(session: Session, client: Client, entitlement: Entitlement) -> list[Duplicate]:
    """Subscriptions that run beside the main one, and those whose removal is not finished, oldest first."""
    begun = unfinished_removals(session, client.id)
    ids = dict.fromkeys([*(str(one) for one in entitlement.other_subscriptions), *begun])
    if not ids or entitlement.processor_account_id is None:
        return []
    account_id = entitlement.processor_account_id
    rows = session.scalars(
        select(Subscription)
        .where(Subscription.processor_account_id == account_id, Subscription.stripe_subscription_id.in_(list(ids)))
        .order_by(Subscription.created_at, Subscription.id)
    ).all()
    prices = adoption_matching.prices_of(
        session, account_id, {item.stripe_price_id for row in rows for item in row.items}
    )
    moment = moment_of(session, client)
    rivals = rivals_of(session, client, entitlement)
    return [
        Duplicate(
            adoption_matching.running_of(row, prices, moment),
            row.started_at,
            row.currency,
            paid_for(session, row),
            row.stripe_subscription_id in begun,
            may_count(rivals, row.stripe_subscription_id),
        )
        for row in rows
    ]


def rivals_of(session: Session, client: Client, entitlement: Entitlement) -> Mapping[str, bool]:
    """Whether each is paid, by id: the main subscription first, and those that run beside it."""
    subscriptions = client_subscriptions.subscriptions_of(session, client_subscriptions.link_of(session, client))
    paid = client_subscriptions.paid_ids(session, subscriptions)
    names = [entitlement.stripe_subscription_id or "", *(str(one) for one in entitlement.other_subscriptions)]
    return {name: name in paid for name in names}


def may_count(rivals: Mapping[str, bool], subscription_id: str) -> bool:
    """Whether it can be the main one: one that is paid comes before one that is not."""
    return rivals.get(subscription_id, False) or not any(rivals.values())


def find_duplicate(session: Session, client: Client, subscription_id: str) -> Duplicate | None:
    """The client's extra subscription with this id, if any."""
    entitlement = entitlement_of(session, client.id)
    found = duplicates_of(session, client, entitlement) if entitlement else []
    return next((one for one in found if one.stripe_subscription_id == subscription_id), None)


def entitlement_of(session: Session, client_id: int) -> Entitlement | None:
    return session.scalar(select(Entitlement).where(Entitlement.client_id == client_id))


def unfinished_removals(session: Session, client_id: int) -> list[str]:
    """Ids of subscriptions whose removal was requested and is not finished, as when Stripe did not answer."""
    rows = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_type == "client",
            AuditEntry.subject_id == str(client_id),
            AuditEntry.action.in_((ASKED, DONE)),
        )
        .order_by(AuditEntry.id)
    )
    last = {str(row.details["subscription"]): row.action for row in rows}
    return [subscription_id for subscription_id, action in last.items() if action == ASKED]


def make_main(session: Session, client_id: int, subscription_id: str, *, staff_id: int) -> Client:
    """Make the extra subscription the main one; the present main one becomes the extra one. Raises Refusal."""
    client = clients.lock_client(session, client_id)
    entitlement = entitlement_of(session, client_id)
    if entitlement is None or subscription_id not in entitlement.other_subscriptions:
        raise Refusal("", GONE)
    if change_state.open_change(session, client_id) is not None:
        raise Refusal("", "A change of plan is under way. Let it end, or keep the present plan first.")
    if not may_count(rivals_of(session, client, entitlement), subscription_id):
        raise Refusal("", UNPAID)
    entitlement.stripe_subscription_id = subscription_id
    words = f"The subscription {subscription_id} counts from now on"
    record_duplicate(session, client_id, "duplicate.made_main", words, subscription_id, staff_id=staff_id)
    evaluation.evaluate(session, client_id)
    return client


def remove_duplicate(
    transaction: Transaction,
    gateway: StripeGateway,
    account_id: int,
    client_id: int,
    shown: ShownAmount | None,
    *,
    staff_id: int,
) -> list[str]:
    """Cancel the extra subscription that was shown and refund its payments, as much as was shown. Returns Stripe's
    refusals in words. Call it again to finish an interrupted removal; nothing is done twice.

    Call it with no transaction open. Raises Changed when something else would be refunded, Refusal, StripeProblem.
    """
    if shown is None:
        raise Changed("This page is out of date. Look again.")
    subscription_id = shown.stripe_id
    read_paid(transaction, gateway, account_id, subscription_id)
    with transaction() as session:
        begin_removal(session, account_id, client_id, shown, staff_id)
    refusals = remove_at_stripe(transaction, gateway, Removing(account_id, subscription_id))
    with transaction() as session:
        evaluation.evaluate(session, client_id)
        words = f"Cancelled the second subscription {subscription_id} and gave back what was paid for it"
        if refusals:
            words = f"Cancelled the second subscription {subscription_id}. {' '.join(refusals)}"
        if subscription_id in unfinished_removals(session, client_id):
            record_duplicate(session, client_id, DONE, words, subscription_id, staff_id=staff_id)
    return refusals


def begin_removal(session: Session, account_id: int, client_id: int, shown: ShownAmount, staff_id: int) -> None:
    """Record the request once. Raises Refusal when it is not an extra subscription of the client, and Changed."""
    client, subscription_id = clients.lock_client(session, client_id), shown.stripe_id
    entitlement = evaluation.evaluate(session, client_id)
    found = find_duplicate(session, client, subscription_id)
    if found is None or entitlement.processor_account_id != account_id:
        raise Refusal("", GONE)
    require_unchanged(shown, found.shown)
    if not found.is_begun:
        words = f"Asked Stripe to cancel the second subscription {subscription_id} and to give back what was paid"
        record_duplicate(session, client_id, ASKED, words, subscription_id, staff_id=staff_id)


def record_duplicate(
    session: Session,
    client_id: int,
    action: str,
    words: str,
    subscription_id: str,
    *,
    staff_id: int,
    actor: Actor = "staff",
) -> None:
    details: dict[str, Json] = {"subscription": subscription_id}
    subject = ("client", client_id)
    audit.record_act(
        session, audit.Act(action, words, actor=actor, staff_id=staff_id, subject=subject, details=details)
    )
