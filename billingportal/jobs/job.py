"""What a background job is."""

from collections.abc import Callable
from dataclasses import dataclass

from billingportal.portal import Portal


@dataclass(frozen=True)
class Job:
    """Something that a worker does again and again. `seconds` is the time between the starts of two runs."""

    run: Callable[[Portal], None]
    seconds: float

    @property
    def name(self) -> str:
        return self.run.__name__
