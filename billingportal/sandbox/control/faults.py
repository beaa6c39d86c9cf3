"""Faults for tests: slow, refused, failed, cut and garbled answers."""

from dataclasses import asdict, dataclass, field

from billingportal.sandbox.http.wire import Document

KINDS = ("latency", "timeout", "429", "500", "drop", "malformed")


@dataclass
class Fault:
    """One fault, for requests of a method and below a path, `count` times or (None) until removed.

    `seconds` is how long a latency or a time-out lasts; `per_row` makes it that long for each row of the requested
    page, since long pages take Stripe longer. With `applied` the request takes effect and only its answer
    is lost or replaced. With `stored` a 500 came after the execution began, so its idempotency key repeats it for a
    day; that is so for an `applied` one unless said otherwise. `retry_after` is the seconds that a 429 or 500 asks to
    wait. `reason` is the limiter that a 429 names; without one, another request holds the object.
    """

    kind: str
    method: str | None = None
    path_prefix: str = "/v1/"
    seconds: float = 1.0
    count: int | None = None
    applied: bool = False
    per_row: bool = False
    stored: bool | None = None
    retry_after: int | None = None
    reason: str = "global-rate"

    def __post_init__(self) -> None:
        if self.stored is None:
            self.stored = self.kind == "500" and self.applied

    def hits(self, method: str, path: str) -> bool:
        """Whether the fault applies to a request."""
        return self.count != 0 and self.method in (None, method) and path.startswith(self.path_prefix)

    @property
    def executes(self) -> bool:
        """Whether the request takes effect in spite of the fault."""
        return self.kind == "latency" or self.applied

    @property
    def reaches(self) -> bool:
        """Whether the request reaches the API: a stored 500 does, even if it changes nothing."""
        return self.executes or bool(self.stored)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the fault adds to its answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

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
        """Activate a fault. Raises ValueError for an unknown kind, and for another one than a 500 that is stored."""
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if fault.stored and fault.kind != "500":
            raise ValueError("only a 500 is stored")
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
