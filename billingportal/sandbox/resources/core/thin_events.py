"""Thin events of the last thirty days, with the data that their notices lack."""

from collections.abc import Callable
from operator import ge, gt, le, lt

from billingportal.sandbox import clock
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import TEXT
from billingportal.sandbox.http.parameter_types import Raw
from billingportal.sandbox.http.parameters import Many, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.version_two.lists import PAGE, Listed, listed
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.core.events import KEPT_SECONDS
from billingportal.sandbox.webhooks.thin_event_names import THIN_EVENT_NAMES
from billingportal.sandbox.webhooks.thin_events import KIND

PATH = "/v2/core/events"
Test = Callable[[Document], bool]
COMPARE: dict[str, Callable[[float, float], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


class Moment:
    """A time in RFC 3339, kept as it is written."""

    def read(self, raw: Raw, path: str) -> str:
        """Raises Refused for other texts."""
        text = TEXT.read(raw, path)
        try:
            clock.read(text)
        except ValueError:
            raise invalid(f"{path} must be a time in RFC 3339.") from None
        return text


LIST = Record(
    {
        "created": Record(dict.fromkeys(COMPARE, Moment())),
        "object_id": TEXT,
        "types": Many(TEXT, most=20),
        **PAGE,
    }
)


def retrieve(call: Call, identifier: str) -> Document:
    """One event with its data, while Stripe keeps it."""
    event = call.need(KIND, identifier, "id")
    if not is_kept(event):
        raise call.absent(KIND, identifier, "id")
    return event


def index(call: Call) -> Listed:
    """Events by type, time and object, newest first, without their data: no page says that a list has it."""
    unknown = [name for name in call.parameters.get("types", []) if name not in THIN_EVENT_NAMES]
    if unknown:
        raise invalid(f"types has an unknown event type: {unknown[0]}.")
    tests = (is_kept, of_type(call), of_object(call), created_within(call))
    found = (event for event in call.store.living(KIND) if all(test(event) for test in tests))
    bare = ({name: value for name, value in event.items() if name != "data"} for event in found)
    return listed(call, PATH, bare)


def is_kept(event: Document) -> bool:
    """Whether the event is recent enough to be shown."""
    return bool(event["_at"] > clock.precise() - KEPT_SECONDS)


def of_type(call: Call) -> Test:
    """Whether an event's type is among the requested ones, if any are."""
    names = call.parameters.get("types")
    return lambda event: not names or event["type"] in names


def of_object(call: Call) -> Test:
    """Whether an event is about the requested object, if one is."""
    wanted = call.parameters.get("object_id")
    return lambda event: wanted is None or event.get("related_object", {}).get("id") == wanted


def created_within(call: Call) -> Test:
    """Whether an event was created in the requested range; it shows whole milliseconds."""
    wanted = {name: clock.read(text) for name, text in call.parameters.get("created", {}).items()}
    return lambda event: all(COMPARE[name](clock.read(event["created"]), limit) for name, limit in wanted.items())


def age(events: dict[str, Document], seconds: int) -> None:
    """Make events older."""
    for event in events.values():
        event["_at"] -= seconds
        event["created"] = clock.spelled(event["_at"])


OPERATIONS = [
    Operation("GET", PATH, KIND, index, LIST, "events:read"),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, Record({}), "events:read"),
]
