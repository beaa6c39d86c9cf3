"""Webhook endpoints: the addresses that events are delivered to."""

from urllib.parse import urlsplit

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import (
    CLEARABLE_TEXT,
    EXPAND,
    METADATA,
    ONLY_EXPAND,
    PAGE,
    TEXT,
    YES,
    merged,
    or_none,
)
from billingportal.sandbox.http.lists import Page, page
from billingportal.sandbox.http.parameters import Many, Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.versions import KNOWN_VERSIONS
from billingportal.sandbox.state.identifiers import new_id, new_secret
from billingportal.sandbox.state.store import Store
from billingportal.sandbox.webhooks.event_names import EVENT_NAMES
from billingportal.sandbox.webhooks.http_post import LOOPBACK
from billingportal.sandbox.webhooks.recipients import DESTINATION

KIND = "webhook_endpoint"
MOST = 16
CREATE = Record(
    {
        "url": TEXT,
        "enabled_events": Many(TEXT),
        "api_version": TEXT,
        "connect": YES,
        "description": CLEARABLE_TEXT,
        "metadata": METADATA,
        **EXPAND,
    },
    required=("enabled_events", "url"),
)
UPDATE = Record(
    {
        "url": TEXT,
        "enabled_events": Many(TEXT),
        "disabled": YES,
        "description": CLEARABLE_TEXT,
        "metadata": METADATA,
        **EXPAND,
    }
)


def create(call: Call) -> Document:
    """A new endpoint; its signing secret is in this answer only."""
    given = call.parameters
    check_url(call, given["url"])
    check_events(given["enabled_events"])
    version = given.get("api_version")
    if version is not None and version not in KNOWN_VERSIONS:
        raise invalid(f"Invalid API version: {version}", "api_version")
    if len(addresses(call.store)) >= MOST:
        mode = "live" if call.livemode else "test"
        raise invalid(f"You have reached the maximum of {MOST} {mode} webhook endpoints.")
    secret = new_secret("whsec_", 32)
    call.revealed["secret"] = secret
    return call.store.put(
        {
            "id": new_id("we"),
            "object": KIND,
            "api_version": version,
            "application": None,
            "created": now(),
            "description": or_none(given.get("description")),
            "enabled_events": given["enabled_events"],
            "livemode": call.livemode,
            "metadata": merged({}, given.get("metadata", {})),
            "secret": secret,
            "status": "enabled",
            "url": given["url"],
        }
    )


def addresses(store: Store) -> list[Document]:
    """The webhook endpoints and the event destinations of a mode: the limit is for both together."""
    return [*store.living(KIND), *store.living(DESTINATION)]


def check_url(call: Call, url: str) -> None:
    """Raises Refused for an invalid address, and for http in live mode (this machine's own is allowed)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    if call.livemode and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise invalid("Invalid URL: URLs must be HTTPS in live mode.", "url", "url_invalid")


def check_events(names: list[str]) -> None:
    """Raises Refused for an empty list and for names that Stripe does not know."""
    if not names:
        raise invalid("You must select at least one event.", "enabled_events")
    for position, name in enumerate(names):
        if name not in EVENT_NAMES:
            raise invalid(f"Invalid enabled_events[{position}]: {name} is not an event", f"enabled_events[{position}]")


def retrieve(call: Call, identifier: str) -> Document:
    """One endpoint."""
    return call.need(KIND, identifier, KIND)


def index(call: Call) -> Page:
    """The endpoints of this mode."""
    return page(call, KIND, "/v1/webhook_endpoints", call.store.newest_first(KIND))


def update(call: Call, identifier: str) -> Document:
    """Change an endpoint, except its API version."""
    endpoint = call.need(KIND, identifier, KIND)
    given = call.parameters
    if "url" in given:
        check_url(call, given["url"])
        endpoint["url"] = given["url"]
    if "enabled_events" in given:
        check_events(given["enabled_events"])
        endpoint["enabled_events"] = given["enabled_events"]
    if "disabled" in given:
        endpoint["status"] = "disabled" if given["disabled"] else "enabled"
    if "description" in given:
        endpoint["description"] = or_none(given["description"])
    if "metadata" in given:
        endpoint["metadata"] = merged(endpoint["metadata"], given["metadata"])
    return endpoint


def delete(call: Call, identifier: str) -> Document:
    """Delete an endpoint; its pending deliveries fail."""
    endpoint = call.need(KIND, identifier, KIND)
    endpoint["deleted"] = True
    return endpoint


READ, WRITE = "webhook_endpoints:read", "webhook_endpoints:write"
OPERATIONS = [
    Operation("POST", "/v1/webhook_endpoints", KIND, create, CREATE, WRITE),
    Operation("GET", "/v1/webhook_endpoints", KIND, index, Record(PAGE), READ),
    Operation("GET", "/v1/webhook_endpoints/{id}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("POST", "/v1/webhook_endpoints/{id}", KIND, update, UPDATE, WRITE),
    Operation("DELETE", "/v1/webhook_endpoints/{id}", KIND, delete, ONLY_EXPAND, WRITE),
]
