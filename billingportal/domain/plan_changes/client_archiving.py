"""Archives a client and cancels its running subscription and open checkout at Stripe."""

from sqlalchemy import select

from billingportal.db import Transaction
from billingportal.domain.checkout import sessions as checkout_sessions
from billingportal.domain.clients import clients
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.common.shown_amounts import ShownAmount
from billingportal.domain.plan_changes import cancellations
from billingportal.domain.plan_changes.cancellations import Cancelling
from billingportal.domain.subscriptions.departures import going_on
from billingportal.errors import Refusal
from billingportal.models import Checkout, Client
from billingportal.stripe_gateway.gateway import StripeGateway

NOT_CONNECTED = "Stripe is not connected, so the subscription cannot be cancelled. Connect it first."


def archive_paying_client(
    transaction: Transaction,
    gateway: StripeGateway | None,
    client_id: int,
    *,
    at_once: bool,
    shown: ShownAmount | None = None,
    staff_id: int,
) -> Client:
    """Cancel the subscription, now or at the end of the paid period, and archive the client once it has ended.

    `shown`: what ending now was said to charge. Call it with no transaction open. Raises Changed when that is another
    amount now, Refusal, Conflict, and a StripeProblem.
    """
    with transaction() as session:
        client = clients.lock_client(session, client_id)
        is_paying = client.archived_at is None and bool(going_on(session, client))
        is_over = client.is_leaving and not at_once
        checkout_id = session.scalar(
            select(Checkout.id).where(Checkout.client_id == client_id, Checkout.state == "open")
        )
    if (is_paying or checkout_id is not None) and gateway is None:
        raise Refusal("", NOT_CONNECTED)
    if checkout_id is not None and gateway is not None:
        checkout_sessions.withdraw_session(transaction, gateway, checkout_id)
    if is_paying and gateway is not None and not is_over:
        comment = "The client was archived."
        wanted = Cancelling(client_id, at_once, comment=comment, shown=shown, staff_id=staff_id)
        cancellations.cancel(transaction, gateway, wanted)
    with transaction() as session:
        if is_paying and not at_once:
            return client_lifecycle.archive_at_end(session, client_id, staff_id=staff_id)
        return client_lifecycle.archive_client(session, client_id, staff_id=staff_id)
