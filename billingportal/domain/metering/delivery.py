"""Sends the meter events that are due, several at once. No transaction is open while Stripe is asked."""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.metering.sending.claims import Claimed, claim, due_for_sending
from billingportal.domain.metering.sending.outcomes import Sent, send, store
from billingportal.stripe_gateway.gateway import StripeGateway

THREADS = 16
# Seconds between two looks for due events while some are under way.
LOOK_EVERY = 0.2
# Seconds after which a run takes no more work: the next one begins at once.
LONGEST_RUN = 30.0


def deliver_due(transaction: Transaction, gateway: StripeGateway, account_id: int) -> int:
    """Send the due events of an account; returns how many Stripe took.

    Raises the StripeProblem of a call when no other call could do better: the key, or a right of it.
    """
    taken, ends_at, problem = 0, time.monotonic() + LONGEST_RUN, None
    under_way: set[Future[Sent]] = set()
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            if problem is None and time.monotonic() < ends_at:
                for claimed in claim_more(transaction, account_id, THREADS - len(under_way)):
                    under_way.add(pool.submit(send, gateway, claimed))
            if not under_way:
                break
            done, under_way = wait(under_way, LOOK_EVERY, FIRST_COMPLETED)
            sent = [future.result() for future in done]
            taken += store_all(transaction, sent)
            problem = problem or next((one.account_problem for one in sent if one.account_problem), None)
    if problem is not None:
        raise problem
    return taken


def claim_more(transaction: Transaction, account_id: int, room: int) -> list[Claimed]:
    """Claim the events of up to so many meters."""
    if room <= 0:
        return []
    with transaction() as session:
        ids = due_for_sending(session, account_id, now(), room)
        found = (claim(session, client_meter_id, now()) for client_meter_id in ids)
        return [claimed for claimed in found if claimed is not None]


def store_all(transaction: Transaction, sent: list[Sent]) -> int:
    if not sent:
        return 0
    with transaction() as session:
        # In one order, as everybody locks client meters.
        return sum(store(session, one, now()) for one in sorted(sent, key=lambda one: one.claimed.client_meter_ids))
