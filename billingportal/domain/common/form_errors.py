"""Collects refusals, so that a form reports all its errors at once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from billingportal.errors import PortalError, Refusal

T = TypeVar("T")


class FormErrors(PortalError):
    """All errors in a form's answers, each at its field."""

    def __init__(self, refusals: Collection[Refusal]) -> None:
        super().__init__("; ".join(f"{refusal.field}: {refusal.message}" for refusal in refusals))
        self.refusals = tuple(refusals)


@dataclass
class Reader:
    """Reads one answer after the other and collects the refusals."""

    refusals: list[Refusal] = field(default_factory=list)

    def take(self, read: Callable[[], T]) -> T | None:
        """The value that was read, or None with its refusal collected."""
        try:
            return read()
        except FormErrors as mistakes:
            self.refusals.extend(mistakes.refusals)
        except Refusal as refusal:
            self.refusals.append(refusal)
        return None

    def finish(self) -> None:
        """Raises FormErrors when there was any refusal."""
        if self.refusals:
            raise FormErrors(self.refusals)
