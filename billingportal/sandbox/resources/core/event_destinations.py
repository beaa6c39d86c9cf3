"""Event destinations of API v2: addresses that thin events are delivered to, with webhook endpoints among them."""

from collections.abc import Iterator
from itertools import chain

from billingportal.sandbox import clock
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, invalid
from billingportal.sandbox.http.fields import CLEARABLE_TEXT, METADATA, TEXT, merged, or_none
from billingportal.sandbox.http.parameter_types import Choice
from billingportal.sandbox.http.parameters import Many, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.version_two.lists import PAGE, Listed, include, listed
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.core.webhook_endpoints import KIND as ENDPOINT
from billingportal.sandbox.resources.core.webhook_endpoints import MOST, addresses, check_url
from billingportal.sandbox.state.identifiers import new_id_of_version_two, new_secret
from billingportal.sandbox.webhooks import thin_events
from billingportal.sandbox.webhooks.thin_event_names import THIN_EVENT_NAMES

KIND = "v2.core.event_destination"
PATH = "/v2/core/event_destinations"
URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"
TARGET = Record({"url": TEXT}, required=("url",))
CREATE = Record(
    {
        "description": CLEARABLE_TEXT,
        "enabled_events": Many(TEXT),
        "event_payload": Choice("thin"),
        "events_from": Many(Choice("@self")),
        "metadata": METADATA,
        "name": TEXT,
        "type": Choice("webhook_endpoint"),
        "webhook_endpoint": TARGET,
        **include(SECRET, URL),
    },
    required=("enabled_events", "event_payload", "name", "type", "webhook_endpoint"),
    absent=("amazon_eventbridge", "azure_event_grid", "snapshot_api_version"),
)
UPDATE = Record(
    {
        "description": CLEARABLE_TEXT,
        "enabled_events": Many(TEXT),
        "metadata": METADATA,
        "name": TEXT,
        "webhook_endpoint": TARGET,
        **include(URL),
    }
)
LIST = Record({"limit": PAGE["limit"], "page": PAGE["page"], **include(URL)})
ONLY_INCLUDE = Record(include(URL))
NOTHING = Record({})


def create(call: Call) -> Document:
    """A new destination. Its signing secret is in this answer only, and only if the request includes it."""
    given = call.parameters
    check_url(call, given["webhook_endpoint"]["url"])
    check_events(given["enabled_events"])
    if len(addresses(call.store)) >= MOST:
        raise Refused(f"You have reached the maximum of {MOST} event destinations.", kind="quota_exceeded")
    moment = clock.spelled(clock.precise())
    made = call.store.put(
        {
            "id": new_id_of_version_two("ed", livemode=call.livemode),
            "object": KIND,
            "amazon_eventbridge": None,
            "azure_event_grid": None,
            "created": moment,
            "description": or_none(given.get("description", "")) or "",
            "enabled_events": given["enabled_events"],
            "event_payload": given["event_payload"],
            "events_from": given.get("events_from", ["@self"]),
            "livemode": call.livemode,
            "metadata": merged({}, given.get("metadata", {})),
            "name": given["name"],
            "snapshot_api_version": None,
            "status": "enabled",
            "status_details": None,
            "type": given["type"],
            "updated": moment,
            "webhook_endpoint": {
                "signing_secret": new_secret("whsec_", 32),
                "url": given["webhook_endpoint"]["url"],
            },
        }
    )
    return shown(call, made)


def check_events(names: list[str]) -> None:
    """Raises Refused for an empty list and for names of no thin event."""
    if not names:
        raise invalid("enabled_events must not be empty.")
    for name in names:
        if name not in THIN_EVENT_NAMES:
            raise invalid(f"enabled_events has an unknown event type: {name}.")


def shown(call: Call, destination: Document) -> Document:
    """A destination as this request may see it: address and secret are null unless it includes them."""
    included = call.parameters.get("include", [])
    inside = destination["webhook_endpoint"]
    return {
        **destination,
        "webhook_endpoint": {
            "signing_secret": inside["signing_secret"] if SECRET in included else None,
            "url": inside["url"] if URL in included else None,
        },
    }


def as_destination(endpoint: Document) -> Document:
    """A webhook endpoint as API v2 shows it."""
    moment = clock.spelled(endpoint["created"])
    disabled = {"disabled": {"reason": "user"}} if endpoint["status"] == "disabled" else None
    return {
        "id": endpoint["id"],
        "object": KIND,
        "amazon_eventbridge": None,
        "azure_event_grid": None,
        "created": moment,
        "description": endpoint["description"] or "",
        "enabled_events": endpoint["enabled_events"],
        "event_payload": "snapshot",
        "events_from": ["@self"],
        "livemode": endpoint["livemode"],
        "metadata": endpoint["metadata"],
        "name": endpoint["description"] or endpoint["url"],
        "snapshot_api_version": endpoint["api_version"],
        "status": endpoint["status"],
        "status_details": disabled,
        "type": "webhook_endpoint",
        "updated": moment,
        "webhook_endpoint": {"signing_secret": None, "url": endpoint["url"]},
    }


def everything(call: Call) -> Iterator[Document]:
    """The destinations of this mode, then its webhook endpoints."""
    endpoints = (as_destination(one) for one in call.store.living(ENDPOINT))
    return chain(call.store.living(KIND), endpoints)


def index(call: Call) -> Listed:
    """Destinations and webhook endpoints."""
    return listed(call, PATH, (shown(call, one) for one in everything(call)))


def retrieve(call: Call, identifier: str) -> Document:
    """One destination or webhook endpoint."""
    found = next((one for one in everything(call) if one["id"] == identifier), None)
    return shown(call, found or call.need(KIND, identifier, "id"))


def update(call: Call, identifier: str) -> Document:
    """Change a destination, except its type and its payload."""
    destination = call.need(KIND, identifier, "id")
    given = call.parameters
    if "webhook_endpoint" in given:
        check_url(call, given["webhook_endpoint"]["url"])
    if "enabled_events" in given:
        check_events(given["enabled_events"])
        destination["enabled_events"] = given["enabled_events"]
    if "webhook_endpoint" in given:
        destination["webhook_endpoint"]["url"] = given["webhook_endpoint"]["url"]
    if "metadata" in given:
        destination["metadata"] = merged(destination["metadata"], given["metadata"])
    destination["name"] = given.get("name", destination["name"])
    destination["description"] = given.get("description", destination["description"])
    destination["updated"] = clock.spelled(clock.precise())
    return shown(call, destination)


def enable(call: Call, identifier: str) -> Document:
    """Deliver to a destination again."""
    return switched(call, identifier, "enabled", None)


def disable(call: Call, identifier: str) -> Document:
    """Deliver nothing to a destination; pending deliveries fail."""
    return switched(call, identifier, "disabled", {"disabled": {"reason": "user"}})


def switched(call: Call, identifier: str, status: str, details: Document | None) -> Document:
    """A destination with another status. Raises Refused when it has that one already."""
    destination = call.need(KIND, identifier, "id")
    if destination["status"] == status:
        raise invalid(f"This event destination is already {status}.")
    destination.update(status=status, status_details=details, updated=clock.spelled(clock.precise()))
    return shown(call, destination)


def ping(call: Call, identifier: str) -> Document:
    """Send a ping to a destination, whatever it asks for; the event. Raises Refused for a disabled one."""
    destination = call.need(KIND, identifier, "id")
    if destination["status"] != "enabled":
        raise invalid("This event destination is disabled.")
    related = {"id": identifier, "type": KIND, "url": f"{PATH}/{identifier}"}
    return thin_events.notify(call, thin_events.PING, related=related, only=identifier)


def delete(call: Call, identifier: str) -> Document:
    """Delete a destination; its pending deliveries fail. The answer's `object` is optional, so it has none."""
    call.need(KIND, identifier, "id")["deleted"] = True
    return {"id": identifier}


READ, WRITE = "event_destinations:read", "event_destinations:write"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, LIST, READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_INCLUDE, READ),
    Operation("POST", f"{PATH}/{{id}}", KIND, update, UPDATE, WRITE),
    Operation("DELETE", f"{PATH}/{{id}}", KIND, delete, NOTHING, WRITE),
    Operation("POST", f"{PATH}/{{id}}/disable", KIND, disable, NOTHING, WRITE),
    Operation("POST", f"{PATH}/{{id}}/enable", KIND, enable, NOTHING, WRITE),
    Operation("POST", f"{PATH}/{{id}}/ping", thin_events.KIND, ping, NOTHING, WRITE),
]
