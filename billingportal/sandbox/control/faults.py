"""Faults for tests: slow, refused, failed, cut and garbled answers."""

from dataclasses import asdict, dataclass, field

from billingportal.sandbox.http.wire import Document

KINDS = ("latency", "timeout", "429", "500", "drop", "malformed")


@dataclass
class Fault:
    """One fault, for requests of a method and below a path, `count` times or (None) until removed.

    `seconds` is how long a latency or a time-out lasts; `per_row` makes it that long for each row of the requested
    page, since long pages take Stripe longer. With `applied` the request takes effect and only its answer
    is lost or replaced.
    """

    kind: str
    method: str | None = None
    path_prefix: str = "/v1/"
    seconds: float = 1.0
    count: int | None = None
    applied: bool = False
    per_row: bool = False

    def hits(self, method: str, path: str) -> bool:
        """Whether the fault applies to a request."""
        return self.count != 0 and self.method in (None, method) and path.startswith(self.path_prefix)

    def latency(self, rows: int) -> float:
        """The seconds by which an answer with this many rows is late."""
        if self.kind != "latency":
            return 0.0
        return self.seconds * rows if self.per_row else self.seconds


@dataclass
class Faults:
    """The active faults, oldest first."""

    active: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Activate a fault. Raises ValueError for an unknown kind."""
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        self.active.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self.active.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that applies to a request, counted."""
        for fault in self.active:
            if fault.hits(method, path):
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None

    def as_json(self) -> list[Document]:
        """The faults as the control API shows them."""
        return [asdict(fault) for fault in self.active]
