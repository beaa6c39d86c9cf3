"""By chance: whatever staff do to plans and in whatever order events come, who pays has what was bought."""

from random import Random

import hypothesis
from hypothesis import strategies as st
from sqlalchemy import select

from billingportal.db import db
from billingportal.domain.sync.object_types import DELIVERED_EVENTS
from billingportal.jobs import entitlements as entitlement_jobs
from billingportal.jobs import sync as sync_jobs
from billingportal.models import EntitledQuota, Entitlement
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.people.partner import Partner
from tests.support.people.partner_acts import act, move_at_stripe
from tests.support.stripe import events
from tests.support.stripe.portals import new_account
from tests.support.stripe.sandbox import SandboxAccount
from tests.support.stripe.streams import connect, events_of, settle_rest
from tests.support.stripe.worlds import World

# How often a subscription gets another price in Stripe's dashboard. Stripe is read before and after, as nothing but the
# order of events tells whether that was before an edit or after it.
MOVES = 0.15
Held = tuple[int | None, dict[str, int | None]]


def held(client_id: int) -> Held | None:
    """The plan by a subscription, and the numbers bought, by resource key; None without a subscription's plan."""
    session = db.session()
    session.rollback()
    row = session.scalar(select(Entitlement).where(Entitlement.client_id == client_id))
    if row is None or row.source != "subscription":
        return None
    bought = session.scalars(
        select(EntitledQuota).where(EntitledQuota.client_id == client_id, EntitledQuota.source == "bought")
    )
    return row.plan_id, {one.resource.key: one.quota for one in bought}


class Stream:
    """The events of an account, delivered late and out of order."""

    def __init__(self, world: World, account: SandboxAccount, token: str, chance: Random) -> None:
        self.world, self.account, self.token, self.chance = world, account, token, chance
        self.seen: set[str] = set()
        self.waiting: list[bytes] = []

    def collect(self) -> None:
        for one in events_of(self.world.sandbox, self.account):
            if str(one["id"]) not in self.seen and one["type"] in DELIVERED_EVENTS:
                self.waiting.append(events.as_body(one))
            self.seen.add(str(one["id"]))

    def deliver(self, share: float) -> None:
        """Deliver a random share of the waiting events, and let the worker do its work."""
        self.collect()
        self.chance.shuffle(self.waiting)
        count = round(len(self.waiting) * share)
        door = self.world.app.test_client()
        for body in self.waiting[:count]:
            signed = {"Stripe-Signature": events.signature(body)}
            assert door.post(f"/webhooks/stripe/{self.token}", data=body, headers=signed).status_code == 200
        self.waiting = self.waiting[count:]
        sync_jobs.reconcile_events(current_portal())
        entitlement_jobs.evaluate_clients(current_portal())


def settle(stream: Stream, processor_account_id: int) -> None:
    """All that happened at Stripe is known here."""
    stream.deliver(1)
    settle_rest(stream.world.app, processor_account_id)
    entitlement_jobs.evaluate_clients(current_portal())


@hypothesis.settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate],
)
@hypothesis.given(seed=st.integers(0, 2**32), steps=st.integers(15, 30))
def test_everybody_who_pays_has_what_was_bought(world: World, owner: Staff, seed: int, steps: int) -> None:
    chance = Random(seed)
    account = new_account(world.sandbox)
    row_id, token = connect(account)
    partner = Partner(world.app, world.sandbox.client(account.test_key), owner.id, chance, row_id)
    partner.open()
    stream = Stream(world, account, token, chance)
    granted: set[int] = set()

    for number in range(steps):
        if chance.random() < MOVES:
            settle(stream, row_id)
            move_at_stripe(partner)
            settle(stream, row_id)
        act(partner)
        if number % 3 == 0:
            stream.deliver(chance.random())
            for one in partner.sold:
                found = held(one.client_id) if one.client_id is not None else None
                assert found in (None, (one.plan_id, one.bought))
                assert found is not None or one.client_id not in granted
                granted |= {one.client_id} if found is not None and one.client_id is not None else set()

    settle(stream, row_id)
    for one in partner.sold:
        client_id = one.client_id if one.client_id is not None else partner.client(one.customer)
        partner.evaluate(client_id)
        assert held(client_id) == (one.plan_id, one.bought)
