"""HTTP requests, answers and JSON documents."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

# A Stripe object has a hundred shapes and is only ever copied, compared and sent: its values stay untyped.
Document = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One HTTP request as the server received it; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    client_address: str

    @property
    def rows(self) -> int:
        """The `limit` of a list's page; 1 for any other request."""
        limit = dict(parse_qsl(self.query)).get("limit", "1")
        return int(limit) if limit.isdecimal() else 1


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `drop` closes the connection in place of sending it, after `pause` seconds."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    drop: bool = False
    pause: float = 0.0
