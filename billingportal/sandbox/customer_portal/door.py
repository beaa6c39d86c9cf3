"""Routes of the customer portal: finds the page of a request."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from billingportal.sandbox.customer_portal import pages
from billingportal.sandbox.customer_portal.visit import Visit, session_of
from billingportal.sandbox.http import rendering
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Answer, Request
from billingportal.sandbox.state.store import Store

PREFIX = "/p/session/"
Shown = Callable[[pages.Room, Visit, list[str]], Answer]
# The first name after the session -> the required feature, and the page.
ROUTES: dict[str, tuple[str | None, Shown]] = {
    "": (None, pages.home),
    "cancel": ("subscription_cancel", pages.cancel),
    "done": (None, pages.done),
    "information": ("customer_update", pages.information),
    "pause": ("subscription_pause", pages.pause),
    "payment-method": ("payment_method_update", pages.payment_method),
    "payment-methods": ("payment_method_update", pages.payment_methods),
    "renew": ("subscription_cancel", pages.renew),
    "update": ("subscription_update", pages.update),
}


class Door:
    """Answers every request below /p/."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.templates = rendering.environment()

    def answer(self, request: Request) -> Answer:
        """The requested page, or the page that says why there is none."""
        if request.path == "/p/hosted.css":
            return rendering.style("hosted.css")
        secret, *names = request.path.removeprefix(PREFIX).rstrip("/").split("/")
        with self.application.world.lock:
            found = session_of(self.stores(), secret) if request.path.startswith(PREFIX) else None
            if found is None:
                return self.closed("This link does not work any more", 410)
            form = dict(parse_qsl(request.body, keep_blank_values=True))
            visit = Visit(*found, form, sent=request.method == "POST")
            return self.inside(visit, names or [""])

    def inside(self, visit: Visit, names: list[str]) -> Answer:
        """The page of a valid session. A refusal by Stripe is shown as a page too."""
        feature, shown = ROUTES.get(names[0], ("", pages.home))
        if feature is not None and not (feature and visit.may(feature)):
            return self.closed("There is no such page", 404)
        room = pages.Room(self.application, self.templates)
        try:
            return shown(room, visit, names[1:])
        except Refused as refused:
            return self.closed(refused.message, 404)

    def closed(self, message: str, status: int) -> Answer:
        """A page with only a message."""
        return rendering.page(self.templates.get_template("portal_closed.html").render(message=message), status)

    def stores(self) -> list[Store]:
        """The stores of all accounts in both modes."""
        return [store for account in self.application.world.accounts.values() for store in account.stores.values()]
