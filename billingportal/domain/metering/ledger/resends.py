"""Sends events once more that Stripe has not counted, under new identifiers."""

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.common.audit import Act, record_act
from billingportal.domain.common.plurals import counted
from billingportal.domain.metering import outbox
from billingportal.domain.metering.ledger.concerned import concerned, resendable
from billingportal.domain.metering.ledger.keys import Kind, Scope
from billingportal.domain.metering.ledger.late_use import GONE, find_difference
from billingportal.domain.metering.ledger.storage import restate
from billingportal.domain.metering.ledger.totals import read_one
from billingportal.errors import Refusal
from billingportal.stripe_gateway.gateway import StripeGateway


def resend(
    transaction: Transaction, gateway: StripeGateway, client_meter_id: int, scope: Scope, kind: Kind, staff_id: int
) -> int:
    """Ask Stripe for its total once more, and send what it still lacks; how many events are due now.

    Raises Refusal where nothing is missing any more or nothing may be sent, and a StripeProblem.
    """
    read_one(transaction, gateway, client_meter_id, all_open=True)
    with transaction() as session:
        return resend_now(session, scope, kind, staff_id)


def resend_now(session: Session, scope: Scope, kind: Kind, staff_id: int) -> int:
    difference = find_difference(session, scope, kind)
    events = resendable(session, difference, concerned(session, difference), now())
    if not events:
        raise Refusal("", GONE)
    for event in events:
        outbox.resend(session, event)
    owner, day = difference.owner, difference.key.day
    restate(session, owner.row, day)
    words = f"Sent {counted(len(events), 'meter events')} of {owner.resource.name} on {day} once more."
    act = Act("meter_event.resent", words, staff_id=staff_id, subject=("client", owner.client.id))
    record_act(session, act)
    return len(events)
