"""Reservations in any order with reports, archiving and changes of limits: granted is never more than there is."""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from billingportal.db import transaction
from billingportal.domain.clients import quota_overrides
from billingportal.domain.common.references import Ref
from billingportal.domain.reservations.confirmation import Confirmed
from billingportal.domain.reservations.errors import SettledReservation
from billingportal.domain.reservations.outcomes import Granted
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report
from tests.support.usage.takers import FIVE_MINUTES, Taker, Takers, confirm, expire, release, run_out

ACTS = ("reserve", "reserve", "reserve", "release", "confirm", "run out", "expire", "report", "limit", "archive")
STEP = st.tuples(st.sampled_from(ACTS), st.integers(0, 1), st.integers(1, 6))


class Life:
    """Two clients that share a pool. What is granted to each is written down beside the portal."""

    def __init__(self, takers: Takers) -> None:
        self.takers = takers
        one = takers.taker(10)
        self.clients = [one, takers.taker(10, resource_id=one.resource_id)]
        self.limits = {one.client_id: 10, self.clients[1].client_id: 10}
        self.open: list[tuple[Taker, int, int]] = []
        self.keys = 0

    def act(self, name: str, place: int, amount: int) -> None:
        taker = self.clients[place]
        acts: dict[str, Callable[[], object]] = {
            "reserve": lambda: self.reserve(taker, amount),
            "release": lambda: self.settle("release", amount),
            "confirm": lambda: self.settle("confirm", amount),
            "run out": lambda: run_out([one[1] for one in self.open[:1]]),
            "expire": expire,
            "report": lambda: self.report(taker, amount),
            "limit": lambda: self.limit(taker, amount * 3),
            "archive": lambda: self.archive(taker),
        }
        acts[name]()

    def reserve(self, taker: Taker, amount: int) -> None:
        outcome = taker.reserve(amount, FIVE_MINUTES)
        if isinstance(outcome, Granted):
            assert outcome.used + outcome.reserved <= self.limits[taker.client_id]
            self.open.append((taker, outcome.reservation_id, amount))

    def archive(self, taker: Taker) -> None:
        """And restore: both are refused while they are so already."""
        self.takers.archive_workspace(taker)
        self.takers.restore_workspace(taker)

    def settle(self, way: str, amount: int) -> None:
        if not self.open:
            return
        taker, reservation_id, reserved = self.open.pop(0)
        with suppress(SettledReservation):
            if way == "release":
                release(reservation_id)
                return
            before = taker.stand
            outcome = confirm(reservation_id, min(amount, reserved))
            if isinstance(outcome, Confirmed):
                assert taker.stand.used == before.used + min(amount, reserved)

    def report(self, taker: Taker, amount: int) -> None:
        self.keys += 1
        report = Report(
            f"{taker.client_id}-{self.keys}",
            Ref(external_id=taker.workspace),
            None,
            taker.resource_key,
            amount,
            "quantity",
        )
        with transaction() as session:
            (taken,) = take_records(session, "test", [report])
        assert taken.result == "accepted"

    def limit(self, taker: Taker, quota: int) -> None:
        with transaction() as session:
            quota_overrides.grant_quota(
                session, taker.client_id, taker.resource_id, quota, "Test", None, staff_id=self.takers.staff_id
            )
        self.limits[taker.client_id] = quota


def test_granted_is_never_more_than_there_is_and_nothing_stays_reserved(takers: Takers) -> None:
    life = Life(takers)

    @settings(max_examples=8, deadline=None, phases=[Phase.generate], database=None)
    @given(st.lists(STEP, min_size=10, max_size=10))
    def live(steps: list[tuple[str, int, int]]) -> None:
        for step in steps:
            life.act(*step)
            assert all(taker.is_true for taker in life.clients)

    live()
    run_out([one[1] for one in life.open])
    expire()
    assert [taker.stand.reserved for taker in life.clients] == [0, 0]
