"""Writes single events as Stripe sends them."""

import copy
import json
import random
from dataclasses import dataclass
from pathlib import Path

from billingportal.plain_json import Json, JsonObject
from billingportal.stripe_gateway.gateway import API_VERSION

OBJECTS = Path(__file__).parent / "objects"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
# Seconds by which one delivery may overtake another: enough to shuffle events of the same second.
JITTER = 1.5


@dataclass(frozen=True)
class Event:
    """One event and its message. `due` is when Stripe sends it, in seconds since 1970."""

    id: str
    object_id: str
    type: str
    body: str
    due: float


class Author:
    """Writes events with unique ids, always the same ones for the same seed."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self._samples: dict[str, JsonObject] = {
            path.stem: json.loads(path.read_text()) for path in OBJECTS.glob("*.json")
        }

    def id_of(self, prefix: str) -> str:
        return f"{prefix}_1" + "".join(self.random.choices(LETTERS, k=23))

    def new(self, object_name: str, prefix: str, /, **fields: Json) -> JsonObject:
        """A new object of this name with an id of its own."""
        return copy.deepcopy(self._samples[object_name]) | {"id": self.id_of(prefix)} | fields

    def change(self, event_type: str, second: int, shown: JsonObject, /, **fields: Json) -> Event:
        """Set these fields of the object; the event has their previous values."""
        previous = {field: shown[field] for field in fields}
        shown.update(fields)
        return self.event(event_type, second, shown, previous)

    def event(self, event_type: str, second: int, shown: JsonObject, previous: JsonObject | None = None) -> Event:
        data: JsonObject = {"object": shown}
        if previous is not None:
            data["previous_attributes"] = previous
        message: JsonObject = {
            "id": self.id_of("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": second,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": self.id_of("req"), "idempotency_key": self.id_of("key")},
            "type": event_type,
        }
        body = json.dumps(message, indent=2, ensure_ascii=False)
        due = second + self.random.uniform(0, JITTER)
        return Event(str(message["id"]), str(shown["id"]), event_type, body, due)
