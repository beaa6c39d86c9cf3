"""References to clients and workspaces in the API: our public id, or `external:` and the host platform's own id."""

from dataclasses import dataclass
from typing import Literal

from billingportal.limits import LARGEST_BIG_ID, LARGEST_ID, whole_number

EXTERNAL = "external:"
PREFIXES = {"client": "cl_", "workspace": "ws_", "reservation": "rsv_"}
Kind = Literal["client", "workspace", "reservation"]


@dataclass(frozen=True, slots=True)
class Ref:
    """Exactly one of the two is given."""

    id: int | None = None
    external_id: str | None = None


def public_id(kind: Kind, row_id: int) -> str:
    """The id of a row as the API shows it, such as `cl_42`."""
    return f"{PREFIXES[kind]}{row_id}"


def read_ref(kind: Kind, text: str) -> Ref | None:
    """The reference in a text, or None when it is neither form. A number is in our own form, without leading zeros."""
    if text.startswith(EXTERNAL):
        external_id = text.removeprefix(EXTERNAL)
        return Ref(external_id=external_id) if external_id else None
    prefix = PREFIXES[kind]
    digits = text.removeprefix(prefix)
    if digits == text or digits.startswith("0"):
        return None
    number = whole_number(digits, LARGEST_BIG_ID if kind == "reservation" else LARGEST_ID)
    return None if number is None else Ref(id=number)
