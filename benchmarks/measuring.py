"""Measures the portal against the floor in alternating rounds, so that both have the same noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.author import Event
from benchmarks.replaying import Replay, replay
from benchmarks.servers import Server

ROUNDS = 10


@dataclass(frozen=True)
class Door:
    """The webhook endpoint of the portal or of the floor."""

    server: Server
    path: str
    secret: str

    def take(self, events: Sequence[Event], connections: int) -> Replay:
        """Send the events in one round. Raises RuntimeError when one was not answered with 200."""
        done = replay(self.server.port, self.path, self.secret, events, connections)
        if done.refusals:
            raise RuntimeError(f"{len(done.refusals)} events were refused, one with: {done.refusals[0]!r}")
        return done


@dataclass
class Figures:
    """The rounds of one endpoint, and the memory of its largest worker in mebibytes."""

    rounds: list[Replay] = field(default_factory=list)
    rss: float = 0.0
    pss: float = 0.0

    @property
    def rate(self) -> float:
        """Events per second."""
        return sum(len(one.latencies) for one in self.rounds) / sum(one.seconds for one in self.rounds)

    def percentile(self, percent: int) -> float:
        """The milliseconds within which this percentage of the events was answered."""
        latencies = sorted(latency for one in self.rounds for latency in one.latencies)
        return latencies[(len(latencies) - 1) * percent // 100] * 1000


@dataclass(frozen=True)
class Comparison:
    """One line of the result: the portal and the floor on one database."""

    name: str
    portal: Figures
    floor: Figures

    @property
    def ratio(self) -> float:
        """The portal's rate over the floor's: the median of the rounds, each pair measured side by side."""
        return median(
            floor.seconds / portal.seconds for portal, floor in zip(self.portal.rounds, self.floor.rounds, strict=True)
        )


def compare(name: str, portal: Door, floor: Door, events: Sequence[Event], connections: int) -> Comparison:
    """Send the same events to both endpoints in turn. The first round of each only warms up."""
    result = Comparison(name, Figures(), Figures())
    size = max(1, len(events) // (ROUNDS + 1))
    for start in range(0, size * (ROUNDS + 1), size):
        for door, figures in ((portal, result.portal), (floor, result.floor)):
            done = door.take(events[start : start + size], connections)
            if start > 0:
                figures.rounds.append(done)
    for door, figures in ((portal, result.portal), (floor, result.floor)):
        figures.rss = door.server.memory("Rss")
        figures.pss = door.server.memory("Pss")
    return result
