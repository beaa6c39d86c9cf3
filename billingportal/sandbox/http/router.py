"""Operations of the API: method, path, handler, parameters and required right."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import unknown_url
from billingportal.sandbox.http.lists import Page
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.version_two.lists import Listed
from billingportal.sandbox.http.wire import Document

Handler = Callable[..., Document | Page | Listed]


@dataclass(frozen=True)
class Operation:
    """One operation of the API. `kind` is the object type of its answer; `{names}` in the path go to the handler."""

    method: str
    path: str
    kind: str
    handler: Handler
    parameters: Record
    right: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{(\w+)\\}", r"([^/]+)", re.escape(self.path)) + r"/?\Z")

    def run(self, call: Call, identifiers: tuple[str, ...]) -> Document | Page | Listed:
        """Do it. Raises Refused."""
        return self.handler(call, *identifiers)


def find(operations: list[Operation], method: str, path: str) -> tuple[Operation, tuple[str, ...]]:
    """The operation for a request and the ids in its path. Raises Refused (404) when there is none."""
    for operation in operations:
        match = operation.pattern.match(path) if operation.method == method else None
        if match:
            return operation, match.groups()
    raise unknown_url(method, path)
