"""One request to the customer portal: whose session it is, and what it may do."""

from collections.abc import Iterable
from dataclasses import dataclass

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.hosted.portal_sessions import KIND
from billingportal.sandbox.state.store import Store

UNOPENED_SECONDS, IDLE_SECONDS = 5 * 60, 60 * 60


@dataclass(frozen=True)
class Visit:
    """A session that is still good, and the form that was sent, if one was."""

    store: Store
    session: Document
    form: dict[str, str]
    sent: bool

    @property
    def customer(self) -> Document:
        """Whose session it is."""
        found: Document = self.store.objects["customer"][self.session["customer"]]
        return found

    @property
    def configuration(self) -> Document:
        """What the session's portal is like."""
        found: Document = self.store.objects["billing_portal.configuration"][self.session["configuration"]]
        return found

    @property
    def flow(self) -> Document | None:
        """What the customer is to be led through, until it is done."""
        flow: Document | None = None if self.session.get("_flow_done") else self.session["flow"]
        return flow

    def address(self, *names: str) -> str:
        """A page of this session."""
        return "/".join(["/p/session", self.session["_secret"], *names])

    def may(self, feature: str) -> bool:
        """Whether a feature is on."""
        return bool(self.configuration["features"][feature]["enabled"])


def session_of(stores: Iterable[Store], secret: str) -> tuple[Store, Document] | None:
    """The session with this secret, and its store; it lives on by being looked at. None when it is over."""
    for store in stores:
        for session in store.living(KIND):
            if session["_secret"] == secret:
                return (store, session) if still_good(session) and customer_stays(store, session) else None
    return None


def still_good(session: Document) -> bool:
    """Whether the session may be used: five minutes to open it, then an hour after each look."""
    seen = session["_seen"]
    over = session["created"] + UNOPENED_SECONDS if seen is None else seen + IDLE_SECONDS
    if now() >= over:
        return False
    session["_seen"] = now()
    return True


def customer_stays(store: Store, session: Document) -> bool:
    """Whether the customer has not been deleted."""
    return not store.objects["customer"][session["customer"]].get("deleted")
