"""One API call: account, store, parameters, events and time."""

from dataclasses import dataclass, field

from billingportal.sandbox import clock
from billingportal.sandbox.http.errors import Refused, advancing, missing
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.store import Account, Store

CLOCK = "test_helpers.test_clock"


@dataclass
class Call:
    """The context of a handler. Events gather in `events` and are published when the call has succeeded."""

    account: Account
    store: Store
    parameters: Document = field(default_factory=dict)
    request_id: str | None = None
    idempotency_key: str | None = None
    address: str = ""
    events: list[Document] = field(default_factory=list)
    # Attributes that only this answer carries, such as a new endpoint's secret.
    revealed: Document = field(default_factory=dict)
    # The time of the call's test clock, in seconds; None is the real time.
    moment: int | None = None
    # Whether no request caused it: it happens as time passes.
    automatic: bool = False
    # Whether the call changes something, so that a test clock which is advancing refuses it.
    modifies: bool = False
    # Whether the customer is at a page and has confirmed the bank's request.
    confirmed: bool = False
    # Whether the call is a dry run.
    rehearses: bool = False
    # Whether the call shows the next invoice only: it knows as much of usage as summaries do.
    previews: bool = False

    def now(self) -> int:
        """The time of the call: that of its test clock, else the real one."""
        return clock.now() if self.moment is None else self.moment

    def real_now(self) -> int:
        """The real time, also for a customer on a test clock: that of objects which belong to no clock.

        Stripe's objects on a clock name it (`test_clock`); checkout sessions have no such attribute.
        """
        return clock.now()

    @property
    def livemode(self) -> bool:
        return self.store.livemode

    def need(self, kind: str, identifier: str, param: str, *, status: int = 404) -> Document:
        """An object that is not deleted. Raises Refused as Stripe does, also for ids of the other mode."""
        document = self.store.find(kind, identifier)
        if document is None or document.get("deleted"):
            raise self.absent(kind, identifier, param, status)
        self.play_at(document)
        return document

    def play_at(self, document: Document) -> None:
        """Set the call's time to that of the given test clock, or of an object's customer, if there is one.

        Raises Refused for a change while the clock is advancing.
        """
        if document["object"] == CLOCK:
            if self.modifies and document["status"] == "advancing":
                raise advancing()
            self.moment = document["frozen_time"]
            return
        if document["object"] == "subscription_item":
            document = self.store.objects["subscription"][document["subscription"]]
        customer = self.store.find("customer", document.get("customer") or "") or document
        if customer.get("test_clock") is not None:
            self.play_at(self.store.objects[CLOCK][customer["test_clock"]])

    def given(self, kind: str, param: str, path: str | None = None) -> Document:
        """The object that a parameter names, as `need` finds it (400 when there is none)."""
        return self.need(kind, self.parameters[param], path or param, status=400)

    def absent(self, kind: str, identifier: str, param: str, status: int = 404) -> Refused:
        """The refusal of an unknown id, with a hint when the other mode has it."""
        other = self.account.stores["test" if self.livemode else "live"]
        hint = ""
        if other.find(kind, identifier) is not None:
            mine, theirs = ("live", "test") if self.livemode else ("test", "live")
            hint = f"; a similar object exists in {theirs} mode, but a {mine} mode key was used to make this request."
        return missing(kind, identifier, param, status=status, hint=hint)
