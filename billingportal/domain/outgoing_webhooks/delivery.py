"""Sends the messages that are due, several at once. No transaction is open while an address is asked."""

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.outgoing_webhooks import queue
from billingportal.domain.outgoing_webhooks.http.requests import Network, Outcome, send
from billingportal.domain.outgoing_webhooks.outcomes import has_failed_too_long, store_outcome, switch_off
from billingportal.domain.outgoing_webhooks.queue import Claimed
from billingportal.models import OutgoingEndpoint
from billingportal.vault import Vault

THREADS = 16
# Seconds between two looks for due messages while some are under way.
LOOK_EVERY = 0.5
# Seconds after which a run takes no more work: the next one begins at once.
LONGEST_RUN = 30.0
NO_SECRET = Outcome(None, "The secret cannot be opened with the portal's keys. Rotate it")


def deliver_due(transaction: Transaction, vault: Vault, network: Network) -> int:
    """Send all due messages. Returns how many attempts were made.

    A slow address occupies some of the threads and holds up no other address.
    """
    attempts, ends_at = 0, time.monotonic() + LONGEST_RUN
    under_way: dict[Future[Outcome], Claimed] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            if time.monotonic() < ends_at:
                for claimed in claim_more(transaction, vault, under_way):
                    under_way[pool.submit(send_claimed, claimed, network)] = claimed
            if not under_way:
                return attempts
            done, _ = wait(under_way, LOOK_EVERY, FIRST_COMPLETED)
            for future in done:
                with transaction() as session:
                    store_outcome(session, under_way.pop(future), future.result(), now())
            attempts += len(done)


def claim_more(transaction: Transaction, vault: Vault, under_way: dict[Future[Outcome], Claimed]) -> list[Claimed]:
    if len(under_way) >= THREADS:
        return []
    busy = Counter(claimed.endpoint_id for claimed in under_way.values())
    with transaction() as session:
        return queue.claim_due(session, vault, now(), busy)


def send_claimed(claimed: Claimed, network: Network) -> Outcome:
    return NO_SECRET if claimed.request is None else send(claimed.request, network)


def switch_off_failing(session: Session, moment: datetime) -> None:
    """Switch off the endpoints that have taken nothing for three days, between two attempts too."""
    failing = session.scalars(
        select(OutgoingEndpoint)
        .where(OutgoingEndpoint.state == "on", OutgoingEndpoint.failing_since.is_not(None))
        .with_for_update(key_share=True)
    )
    for endpoint in failing:
        if has_failed_too_long(endpoint, moment):
            switch_off(session, endpoint, "failing", moment)
