"""Test clocks: time that passes on request."""

from collections.abc import Iterator
from dataclasses import replace

from billingportal.sandbox import clock
from billingportal.sandbox.billing.time import clock_advance, clocks
from billingportal.sandbox.http.call import CLOCK as KIND
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.fields import EXPAND, ONLY_EXPAND, PAGE, TEXT, TIMESTAMP
from billingportal.sandbox.http.lists import Page, page
from billingportal.sandbox.http.parameter_types import Text
from billingportal.sandbox.http.parameters import Record
from billingportal.sandbox.http.router import Operation
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.customers import customers as customer_customers
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.changes import emit
from billingportal.sandbox.state.identifiers import new_id
from billingportal.sandbox.state.store import Store

LIFETIME = 30 * 24 * 3600
CREATE = Record(
    {"customer": TEXT, "frozen_time": TIMESTAMP, "name": Text(300), **EXPAND},
    required=("frozen_time",),
)
ADVANCE = Record({"frozen_time": TIMESTAMP, **EXPAND}, required=("frozen_time",))


def create(call: Call) -> Document:
    """A new clock with frozen time; a given customer belongs to it from now on, for good."""
    given = call.parameters
    if call.livemode:
        raise invalid("Test clocks can only be used in test mode.")
    customer = call.given("customer", "customer") if "customer" in given else None
    test_clock = made(call, given["frozen_time"], given.get("name"))
    if customer is not None:
        clocks.take_over(call, customer, test_clock)
    return test_clock


def made(call: Call, moment: int, name: str | None) -> Document:
    """A new clock without customers."""
    test_clock = call.store.put(
        {
            "id": new_id("clock"),
            "object": KIND,
            "created": clock.now(),
            "deletes_after": clock.now() + LIFETIME,
            "frozen_time": moment,
            "livemode": call.livemode,
            "name": name,
            "status": "ready",
            "status_details": {},
        }
    )
    emit(call, f"{KIND}.created", test_clock)
    return test_clock


def retrieve(call: Call, identifier: str) -> Document:
    """One clock."""
    return call.need(KIND, identifier, "test_clock")


def index(call: Call) -> Page:
    """Clocks, newest first."""
    return page(call, KIND, "/v1/test_helpers/test_clocks", call.store.newest_first(KIND))


def advance(call: Call, identifier: str) -> Document:
    """Advance a clock. The answer has the status `advancing`; the account's setting says how long it takes.

    Raises Refused (429) while the clock is advancing, and for a clock that failed: no source says that it can go on.
    """
    test_clock = call.store.find(KIND, identifier)
    if test_clock is None or test_clock.get("deleted"):
        raise call.absent(KIND, identifier, "test_clock")
    clocks.check_target(call, test_clock, call.parameters["frozen_time"])
    call.play_at(test_clock)
    if test_clock["status"] == clock_advance.FAILED:
        raise invalid("This test clock has failed. You can only delete it.", "test_clock")
    seconds = setting(call.account, "clocks")["advance_seconds"]
    return clock_advance.begin(call, test_clock, call.parameters["frozen_time"], seconds)


def is_due(store: Store) -> bool:
    """Whether `keep_time` has something to do."""
    return any(True for _ in clock_advance.arrived(store)) or any(True for _ in outlived(store))


def outlived(store: Store) -> Iterator[Document]:
    """The clocks that Stripe deletes by itself now."""
    now = clock.now()
    return (one for one in store.living(KIND) if one["deletes_after"] <= now and one["status"] != "advancing")


def keep_time(call: Call) -> None:
    """End the advances whose time has come, and delete the clocks that have lived for 30 days."""
    for test_clock in list(clock_advance.arrived(call.store)):
        clock_advance.arrive(call, test_clock)
    for test_clock in list(outlived(call.store)):
        delete(call, test_clock["id"])


def pass_time(call: Call, given: Document) -> Document:
    """Advance the clock of one customer or of every customer: {seconds, customer?}.

    Customers without a clock get one that starts now.
    """
    if call.livemode or int(given["seconds"]) <= 0:
        raise ValueError("time passes forward, and in test mode only")
    everyone = [call.need("customer", given["customer"], "customer")] if "customer" in given else None
    for customer in everyone or list(call.store.living("customer"))[::-1]:
        if customer["test_clock"] is None:
            clocks.take_over(call, customer, made(call, clock.now(), "Time passes"))
    on_clocks = dict.fromkeys(one["test_clock"] for one in everyone or call.store.living("customer"))
    moving = [call.store.objects[KIND][identifier] for identifier in on_clocks]
    if any(one["status"] != "ready" for one in moving):
        raise ValueError("a clock is advancing or has failed")
    for test_clock in moving:
        clock_advance.begin(call, test_clock, test_clock["frozen_time"] + int(given["seconds"]))
    return {"test_clocks": {one["id"]: one["frozen_time"] for one in moving}}


def delete(call: Call, identifier: str) -> Document:
    """Delete a clock and all its customers."""
    test_clock = call.need(KIND, identifier, "test_clock")
    for customer in clocks.customers_on(call, test_clock):
        customer_customers.delete(replace(call, parameters={}), customer["id"])
    emit(call, f"{KIND}.deleted", test_clock)
    test_clock["deleted"] = True
    return test_clock


READ, WRITE = "test_clocks:read", "test_clocks:write"
PATH = "/v1/test_helpers/test_clocks"
OPERATIONS = [
    Operation("POST", PATH, KIND, create, CREATE, WRITE),
    Operation("GET", PATH, KIND, index, Record(PAGE), READ),
    Operation("GET", f"{PATH}/{{id}}", KIND, retrieve, ONLY_EXPAND, READ),
    Operation("DELETE", f"{PATH}/{{id}}", KIND, delete, ONLY_EXPAND, WRITE),
    Operation("POST", f"{PATH}/{{id}}/advance", KIND, advance, ADVANCE, WRITE),
]
