"""Declares operations. Routes, validation, answers and the OpenAPI document come from this declaration alone.

The signature of the function is a part of it:

    @operation("PATCH", "/clients/{client}", scope="manage", summary="Change a client",
               answers={200: ClientAnswer}, problems=("client_not_found",))
    def update_client(call: Call, session: Session, client: ClientText, body: ClientChanges) -> Answer:

- Each part of the path in braces is a parameter of the function, with an annotated text type (see `api/ids.py`).
- `query` and `body` are models (`Input`); without them, the operation takes none.
- `call` has the key, its mode, the request id.
- `session` or `connection` opens the database: for a write (`idempotency` is not "none") one transaction, which also
  stores the answer; for a read none. An operation with neither opens its own transactions, as those do that speak to
  Stripe.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter

from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.problems import ProblemName
from billingportal.models.auth.api_key import Scope

Idempotency = Literal["none", "optional", "required"]
DatabaseUse = Literal["session", "connection", "own"]
Handler = Callable[..., Answer]
PART = re.compile(r"\{(\w+)\}")
SHARED = ("call", "session", "connection", "query", "body")


class Input(BaseModel):
    """Base of every query and body: no field is converted, and unknown ones are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Output(BaseModel):
    """Base of every answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Operation:
    """One operation. `path` is below `/api/v1`. `path_types` have the schemas of the path's parameters."""

    method: str
    path: str
    scope: Scope
    summary: str
    answers: Mapping[int, type[BaseModel] | None]
    problems: tuple[ProblemName, ...]
    idempotency: Idempotency
    handler: Handler
    path_types: Mapping[str, TypeAdapter[str]]
    query: type[Input] | None
    body: type[Input] | None
    database: DatabaseUse
    takes_call: bool

    @property
    def name(self) -> str:
        """The operation's id in the document."""
        return self.handler.__name__

    @property
    def description(self) -> str:
        return inspect.getdoc(self.handler) or ""


@dataclass(frozen=True)
class Group:
    """Operations of one subject, in their order in the documentation."""

    title: str
    text: str
    operations: tuple[Operation, ...]


def operation(
    method: Literal["GET", "POST", "PATCH", "DELETE"],
    path: str,
    *,
    scope: Scope,
    summary: str,
    answers: Mapping[int, type[BaseModel] | None],
    problems: tuple[ProblemName, ...] = (),
    idempotency: Idempotency | None = None,
) -> Callable[[Handler], Operation]:
    """Declare the decorated function as an operation. `answers` are the models of the answers by status.

    `idempotency` is "optional" for every method but GET, unless it is given: "none" is for a POST that only reads.
    Raises TypeError when the function does not fit the path.
    """

    def declare(handler: Handler) -> Operation:
        hints = get_type_hints(handler, include_extras=True)
        parts = PART.findall(path)
        unknown = [name for name in hints if name not in (*parts, *SHARED, "return")]
        missing = [name for name in parts if name not in hints]
        if unknown or missing:
            raise TypeError(f"{handler.__name__} does not fit {path}: {unknown or missing}")
        uses: tuple[DatabaseUse, ...] = ("session", "connection")
        return Operation(
            method=method,
            path=path,
            scope=scope,
            summary=summary,
            answers=answers,
            problems=problems,
            idempotency=idempotency or ("none" if method == "GET" else "optional"),
            handler=handler,
            path_types={name: TypeAdapter(hints[name]) for name in parts},
            query=hints.get("query"),
            body=hints.get("body"),
            database=next((use for use in uses if use in hints), "own"),
            takes_call="call" in hints,
        )

    return declare
