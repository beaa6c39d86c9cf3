"""A status in plain words."""

from dataclasses import dataclass, replace

from billingportal.domain.common.severity import Severity


@dataclass(frozen=True)
class StatusText:
    """`status` is the name by which pages choose an icon; `words` is the text that people read."""

    status: str
    severity: Severity
    words: str

    def saying(self, words: str) -> "StatusText":
        """The same status in other words."""
        return replace(self, words=words)
