"""Reads Stripe's totals of the clients and meters that are due."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.metering.ledger.asks import ask_for, due_rows
from billingportal.domain.metering.ledger.storage import RARELY, schedule, store
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing, UnreadableObject
from billingportal.stripe_gateway.gateway import StripeGateway

log = logging.getLogger(__name__)

BATCH = 50
# Another request may succeed where one client cannot be read.
ABOUT_ONE = (NotThere, RequestRefused, RightMissing, UnreadableObject)


@dataclass(frozen=True)
class Checked:
    """How many clients and meters were compared, and how many were left for the worker."""

    compared: int
    left: int


def read_due(transaction: Transaction, gateway: StripeGateway, account_id: int, *, seconds: float) -> Checked:
    """Compare what is due, for so many seconds. Raises a StripeProblem when Stripe cannot be asked."""
    with transaction() as session:
        ids = due_rows(session, account_id, BATCH)
    return read_each(transaction, gateway, ids, seconds=seconds, all_open=False)


def read_each(
    transaction: Transaction, gateway: StripeGateway, ids: Sequence[int], *, seconds: float, all_open: bool
) -> Checked:
    """Compare these client meters, for so many seconds. Raises a StripeProblem when Stripe cannot be asked."""
    end, done = time.monotonic() + seconds, 0
    for client_meter_id in ids:
        if done and time.monotonic() > end:
            break
        read_one(transaction, gateway, client_meter_id, all_open=all_open)
        done += 1
    return Checked(done, len(ids) - done)


def read_one(transaction: Transaction, gateway: StripeGateway, client_meter_id: int, *, all_open: bool) -> None:
    """Ask for one client's totals of a meter and store them. Raises a StripeProblem when Stripe cannot be asked."""
    with transaction() as session:
        ask = ask_for(session, client_meter_id, all_open=all_open)
        if ask is not None and ask.days is None:
            schedule(session, ask)
    if ask is None or ask.days is None:
        return
    asked_at = now()
    try:
        totals = gateway.event_summaries.day_totals(ask.stripe_meter_id, ask.stripe_customer_id, *ask.days)
    except ABOUT_ONE as problem:
        log.warning("no totals of %s for %s: %s", ask.stripe_meter_id, ask.stripe_customer_id, problem.message)
        with transaction() as session:
            schedule(session, ask, RARELY)
        return
    with transaction() as session:
        store(session, ask, totals, asked_at)
