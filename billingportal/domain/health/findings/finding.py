"""What a check finds: a stable key, what it is about, what it means, and what repairs it."""

from dataclasses import dataclass, field
from typing import Literal

from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import JsonObject

# `page` leads to where a person decides; `repair` is done at once by the function of that name.
ActionKind = Literal["page", "repair"]


@dataclass(frozen=True)
class Action:
    """`name` is a page that `web/health` knows, or a repair of `domain/health/repairs.py`."""

    label: str
    kind: ActionKind
    name: str
    arguments: JsonObject = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        """The action as a finding's row stores it."""
        return {"label": self.label, "kind": self.kind, "name": self.name, "arguments": self.arguments}


@dataclass(frozen=True)
class Found:
    """One thing that is wrong. `subject` is stable from run to run (`client:17`), empty where there is only one.

    `meaning` says what it means for money or access, in words and figures. The severity belongs to the key (see
    `keys.py`).
    """

    key: str
    title: str
    meaning: str
    action: Action
    subject: str = ""
    mode: Mode | None = None
