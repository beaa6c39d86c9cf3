"""Sends what waits for one client now: Stripe charges each unit at the price in force when it was reported."""

import time
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.metering import client_meters, preparation
from billingportal.domain.metering.sending.claims import claim
from billingportal.domain.metering.sending.outcomes import send, store
from billingportal.errors import Refusal
from billingportal.models import ClientMeter, MeterEvent
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway

# Seconds that a change waits at most.
LONGEST = 30.0
# Seconds between two looks while a worker has the client's events.
LOOK_EVERY = 0.1
UNSENT = MeterEvent.state.in_(("due", "cancelling"))


@dataclass(frozen=True)
class Pushed:
    """How many events Stripe took, and how many still wait to be sent. `problem` is Stripe's last, where it had one."""

    sent: int
    still_waiting: int
    problem: StripeProblem | None = None


class UseWaits(Refusal):
    """Nothing was changed: Stripe would bill what still waits at another price, or not at all."""

    def __init__(self, pushed: Pushed) -> None:
        number = pushed.still_waiting
        waits = "1 report of use still waits" if number == 1 else f"{number:,} reports of use still wait"
        why = f" Stripe says: {pushed.problem.message}" if pushed.problem is not None else ""
        super().__init__(
            "",
            f"{waits} to be sent to Stripe, so nothing was changed yet: after a change Stripe bills them at the new "
            f"price, or not at all. Try again in a minute.{why}",
        )
        self.pushed = pushed


def push_waiting(
    transaction: Transaction, gateway: StripeGateway, client_id: int, *, seconds: float | None = None
) -> Pushed:
    """Prepare and send everything that counts for a client by now, for so many seconds at most (30).

    Events that wait for a subscription stay: Stripe bills nothing without one. A worker that sends for the client at
    this time is waited for.
    """
    prepare_all(transaction, client_id)
    sent, problem, ends_at = 0, None, time.monotonic() + (LONGEST if seconds is None else seconds)
    while meter_ids := unsent_meters(transaction, client_id):
        for meter_id in meter_ids:
            with transaction() as session:
                claimed = claim(session, meter_id, now())
            if claimed is None:
                continue
            done = send(gateway, claimed)
            with transaction() as session:
                sent += store(session, done, now())
            problem = next((one.problem for one in done.outcomes if one.result == "unknown"), problem)
        if time.monotonic() > ends_at:
            break
        time.sleep(LOOK_EVERY)
    return Pushed(sent, number_unsent(transaction, client_id), problem)


def push_before_change(
    transaction: Transaction, gateway: StripeGateway, client_id: int, *, leaves_use: bool = False
) -> None:
    """Send what waits for a client before its subscription is changed. Call it with no transaction open.

    Raises UseWaits when something could not be sent, unless the caller was told and `leaves_use` says to go on.
    """
    pushed = push_waiting(transaction, gateway, client_id)
    if pushed.still_waiting and not leaves_use:
        raise UseWaits(pushed)


def prepare_all(transaction: Transaction, client_id: int) -> None:
    """Prepare all events of the client now, whenever it was done last."""
    with transaction() as session:
        client_meters.follow(session, client_id)
        rows = session.scalars(
            select(ClientMeter.id).where(ClientMeter.client_id == client_id).order_by(ClientMeter.id)
        )
        for meter_id in rows.all():
            preparation.prepare(session, meter_id)


def unsent_meters(transaction: Transaction, client_id: int) -> list[int]:
    """One client meter for each of Stripe's meters for which something is unsent."""
    with transaction() as session:
        rows = session.execute(
            select(func.min(ClientMeter.id))
            .join(MeterEvent, MeterEvent.client_meter_id == ClientMeter.id)
            .where(ClientMeter.client_id == client_id, UNSENT)
            .group_by(ClientMeter.processor_account_id, ClientMeter.stripe_meter_id)
        )
        return [meter_id for (meter_id,) in rows]


def number_unsent(transaction: Transaction, client_id: int) -> int:
    with transaction() as session:
        return unsent_of(session, client_id)


def unsent_of(session: Session, client_id: int) -> int:
    """How many of a client's events still are to be sent or taken back."""
    found = session.scalar(
        select(func.count())
        .select_from(MeterEvent)
        .join(ClientMeter, ClientMeter.id == MeterEvent.client_meter_id)
        .where(ClientMeter.client_id == client_id, UNSENT)
    )
    return found or 0
