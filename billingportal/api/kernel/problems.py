"""Every problem that the API answers with (RFC 9457). The names are part of the API and never change."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from billingportal.errors import PortalError

ProblemName = Literal[
    "malformed",
    "unauthenticated",
    "scope_missing",
    "not_found",
    "client_not_found",
    "workspace_not_found",
    "resource_not_found",
    "reservation_not_found",
    "method_not_allowed",
    "external_id_taken",
    "reservation_settled",
    "client_archived",
    "idempotency_key_in_use",
    "too_large",
    "not_json",
    "invalid",
    "idempotency_key_reused",
    "idempotency_key_missing",
    "rate_limited",
    "internal",
    "unavailable",
]
NAMES: tuple[ProblemName, ...] = get_args(ProblemName)


@dataclass(frozen=True)
class ProblemType:
    """`text` says for developers what happened and what to do."""

    status: int
    title: str
    text: str


PROBLEM_TYPES: dict[ProblemName, ProblemType] = {
    "malformed": ProblemType(
        400,
        "The request cannot be read",
        "The address, a header or the body is malformed: JSON that does not parse, a name twice, text that is not "
        "UTF-8. Sending the same request again fails again.",
    ),
    "unauthenticated": ProblemType(
        401,
        "The API key is missing or does not work",
        "Send `Authorization: Bearer` with an API key that is neither revoked nor expired. Keys are made at Settings > "
        "API keys.",
    ),
    "scope_missing": ProblemType(
        403,
        "The API key may not do this",
        "The key lacks the scope that the operation needs; the detail names it. Use another key.",
    ),
    "not_found": ProblemType(
        404, "There is nothing at this address", "The address is no operation of the API, or names nothing that exists."
    ),
    "client_not_found": ProblemType(
        404,
        "There is no such client",
        "No client of the key's mode has this id or external id. A key of test mode does not see clients of live mode.",
    ),
    "workspace_not_found": ProblemType(
        404,
        "There is no such workspace",
        "No workspace of the key's mode has this id or external id.",
    ),
    "resource_not_found": ProblemType(
        404, "There is no such resource", "No resource has this key. `GET /resources` lists them."
    ),
    "reservation_not_found": ProblemType(
        404, "There is no such reservation", "No reservation of the key's mode has this id."
    ),
    "method_not_allowed": ProblemType(
        405, "The address does not take this method", "The header `Allow` lists the methods that it takes."
    ),
    "external_id_taken": ProblemType(
        409,
        "Another one has this external id",
        "External ids are unique in each mode, among clients and among workspaces, archived ones included.",
    ),
    "reservation_settled": ProblemType(
        409,
        "The reservation is over",
        "It was confirmed or released before, so it cannot become the other now.",
    ),
    "client_archived": ProblemType(
        409,
        "The client is archived",
        "An archived client takes no changes until staff restore it.",
    ),
    "idempotency_key_in_use": ProblemType(
        409,
        "The first request with this idempotency key is still running",
        "Send the request again after the seconds in `Retry-After`: you get the answer of the first one.",
    ),
    "too_large": ProblemType(413, "The request is too large", "A body has at most 1 MB (1,048,576 bytes)."),
    "not_json": ProblemType(415, "The body is not JSON", "Send `Content-Type: application/json`, in UTF-8."),
    "invalid": ProblemType(
        422,
        "Some fields are wrong",
        "`errors` names each field by its JSON pointer, or the parameter of the address, and says what is wrong.",
    ),
    "idempotency_key_reused": ProblemType(
        422,
        "The idempotency key belongs to another request",
        "An earlier request used this key with another method, address or body. Take a new key for a new request.",
    ),
    "idempotency_key_missing": ProblemType(
        422,
        "The idempotency key is missing",
        "This operation needs the header `Idempotency-Key`, so that a repeated request has no second effect.",
    ),
    "rate_limited": ProblemType(
        429,
        "Too many requests",
        "The key has sent more requests a second than it may. Wait for the seconds in `Retry-After`.",
    ),
    "internal": ProblemType(
        500,
        "The portal made a mistake",
        "Send the request again with the same idempotency key. Tell support the `Request-Id` if it happens again.",
    ),
    "unavailable": ProblemType(
        503,
        "The portal cannot answer now",
        "The database, or Stripe where the operation needs it, is away or busy. Send the request again after the "
        "seconds in `Retry-After`, with the same idempotency key.",
    ),
}


@dataclass(frozen=True)
class FieldError:
    """An error in one field. `pointer` is a JSON pointer into the body; `parameter` names one of the address."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def to_json(self) -> dict[str, str]:
        places = (("pointer", self.pointer), ("parameter", self.parameter), ("detail", self.detail))
        return {name: value for name, value in places if value is not None}


@dataclass
class Problem(PortalError):
    """The answer to a request that is refused. `detail` says what is wrong with this one."""

    name: ProblemName
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.detail)

    @property
    def type(self) -> ProblemType:
        return PROBLEM_TYPES[self.name]


def invalid(pointer: str, detail: str) -> Problem:
    """The problem of one wrong field in the body, such as `/name`."""
    return Problem("invalid", "1 field is wrong.", (FieldError(detail, pointer=pointer),))
