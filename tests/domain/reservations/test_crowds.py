"""Many askers at once: nobody gets what is not there, and nobody waits for ever."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from billingportal.db import db
from billingportal.domain.reservations.errors import SettledReservation
from billingportal.domain.reservations.outcomes import Granted
from tests.support.usage.takers import Stand, Taker, Takers, confirm, expire, pool_of, release, run_out

THREADS = 12


def at_once(takers: Takers, acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of it in THREADS threads; what each act returned."""

    def do(act: Callable[[], object]) -> object:
        with takers.app.app_context():
            try:
                return act()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(do, acts))


def count_granted(outcomes: Sequence[object]) -> int:
    return sum(isinstance(one, Granted) for one in outcomes)


def test_200_askers_for_the_last_50_units_get_exactly_50(takers: Takers) -> None:
    taker = takers.taker(50)

    assert count_granted(at_once(takers, [taker.reserve] * 200)) == 50
    assert taker.stand == Stand(0, 50)


def test_a_tighter_pool_over_two_clients_grants_exactly_what_it_has(takers: Takers) -> None:
    one = takers.taker(50)
    other = takers.taker(50, resource_id=one.resource_id)
    takers.set_pool(one.resource_id, 60)

    outcomes = at_once(takers, [one.reserve, other.reserve] * 100)

    assert count_granted(outcomes) == 60
    assert one.stand.reserved + other.stand.reserved == 60
    assert pool_of(one.resource_id) == Stand(0, 60)


def test_mixed_calls_never_deadlock_and_never_grant_too_much(takers: Takers, request: pytest.FixtureRequest) -> None:
    """By `--mixed-calls 10000` as many as are wished."""
    chance = random.Random(7)
    crowd = Crowd(takers, chance)
    number = request.config.getoption("--mixed-calls")

    met = at_once(takers, [crowd.act() for _ in range(number)])

    assert sum(Counter(map(str, met)).values()) == number
    crowd.check()


class Crowd:
    """Three clients with two resources, one of which has a pool."""

    def __init__(self, takers: Takers, chance: random.Random) -> None:
        self.chance = chance
        self.open: list[int] = []
        counter, gauge = takers.resource("counter"), takers.resource("gauge")
        self.takers = [takers.taker(30, resource_id=resource_id) for _ in range(3) for resource_id in (counter, gauge)]
        for resource_id in (counter, gauge):
            takers.set_pool(resource_id, 60)

    def act(self) -> Callable[[], object]:
        chance, taker = self.chance, self.chance.choice(self.takers)
        kind = chance.choices(("reserve", "release", "confirm", "run out", "expire"), (6, 2, 2, 2, 1))[0]
        quantity = chance.randint(1, 6)
        acts: dict[str, Callable[[], object]] = {
            "reserve": lambda: self.reserve(taker, quantity),
            "release": lambda: self.settle(release),
            "confirm": lambda: self.settle(confirm),
            "run out": lambda: run_out(self.open[-3:]),
            "expire": expire,
        }
        return acts[kind]

    def reserve(self, taker: Taker, quantity: int) -> None:
        outcome = taker.reserve(quantity)
        if isinstance(outcome, Granted):
            self.open.append(outcome.reservation_id)

    def settle(self, way: Callable[[int], object]) -> None:
        with suppress(IndexError, SettledReservation):
            way(self.open.pop(0))

    def check(self) -> None:
        for taker in self.takers:
            stand = taker.stand
            assert stand.used + stand.reserved <= 30
            assert taker.is_true
        for resource_id in {taker.resource_id for taker in self.takers}:
            mine = [taker.stand for taker in self.takers if taker.resource_id == resource_id]
            assert pool_of(resource_id).used == sum(one.used for one in mine)
            assert pool_of(resource_id).used + pool_of(resource_id).reserved <= 60
