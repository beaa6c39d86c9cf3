"""The definition of a background job."""

from collections.abc import Callable
from dataclasses import dataclass

from billingportal.portal import Portal


@dataclass(frozen=True)
class Job:
    """A function that a worker runs repeatedly. `seconds` is the time between the starts of two runs."""

    run: Callable[[Portal], None]
    seconds: float

    @property
    def name(self) -> str:
        return self.run.__name__
