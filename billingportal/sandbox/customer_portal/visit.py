"""One request to the customer portal: its session and the session's features."""

from collections.abc import Iterable
from dataclasses import dataclass

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.resources.hosted.portal_sessions import KIND
from billingportal.sandbox.state.store import Store

UNOPENED_SECONDS, IDLE_SECONDS = 5 * 60, 60 * 60


@dataclass(frozen=True)
class Visit:
    """A valid session, and the submitted form, if any."""

    store: Store
    session: Document
    form: dict[str, str]
    sent: bool

    @property
    def customer(self) -> Document:
        """The session's customer."""
        found: Document = self.store.objects["customer"][self.session["customer"]]
        return found

    @property
    def configuration(self) -> Document:
        """The session's configuration."""
        found: Document = self.store.objects["billing_portal.configuration"][self.session["configuration"]]
        return found

    @property
    def flow(self) -> Document | None:
        """The session's flow until it is completed."""
        flow: Document | None = None if self.session.get("_flow_done") else self.session["flow"]
        return flow

    def address(self, *names: str) -> str:
        """The address of a page of this session."""
        return "/".join(["/p/session", self.session["_secret"], *names])

    def may(self, feature: str) -> bool:
        """Whether a feature is enabled."""
        return bool(self.configuration["features"][feature]["enabled"])


def session_of(stores: Iterable[Store], secret: str) -> tuple[Store, Document] | None:
    """The session with this secret, and its store; each visit extends it. None when it has expired."""
    for store in stores:
        for session in store.living(KIND):
            if session["_secret"] == secret:
                return (store, session) if still_good(session) and customer_stays(store, session) else None
    return None


def still_good(session: Document) -> bool:
    """Whether the session is valid: five minutes to open it, then an hour after each visit."""
    seen = session["_seen"]
    over = session["created"] + UNOPENED_SECONDS if seen is None else seen + IDLE_SECONDS
    if now() >= over:
        return False
    session["_seen"] = now()
    return True


def customer_stays(store: Store, session: Document) -> bool:
    """Whether the customer has not been deleted."""
    return not store.objects["customer"][session["customer"]].get("deleted")
