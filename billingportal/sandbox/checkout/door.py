"""The checkout page: requests below /c/."""

from urllib.parse import parse_qsl

from billingportal.sandbox.checkout import completion as checkout_completion
from billingportal.sandbox.checkout import form_filling
from billingportal.sandbox.checkout.opening import KIND
from billingportal.sandbox.checkout.views import shown
from billingportal.sandbox.http import rendering
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.reference.typed_cards import NOT_AUTHENTICATED, typed
from billingportal.sandbox.state.store import Store

PREFIX = "/c/"
ID = "{CHECKOUT_SESSION_ID}"


class Door:
    """Answers every request for a session's page."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.templates = rendering.environment()

    def answer(self, request: Request) -> Answer:
        """The page of a session, or the page that says why there is none."""
        identifier = request.path.removeprefix(PREFIX).rstrip("/")
        with self.application.world.lock:
            found = self.found(identifier)
            if found is None:
                return self.closed("There is no such checkout page", 404)
            store, session = found
            with self.application.acting(store) as call:
                checkout_completion.look(call, session)
            if session["status"] == "expired":
                return self.closed("This checkout page has expired", 410, session)
            if request.method != "POST":
                complete = session["status"] == "complete"
                return self.closed("You are all done here", 200, session) if complete else self.show(store, session, {})
            form = dict(parse_qsl(request.body, keep_blank_values=True))
            return self.sent(store, session, form)

    def sent(self, store: Store, session: Document, form: dict[str, str]) -> Answer:
        """Process the submitted form; a second submission has no further effect."""
        if session["status"] == "complete":
            return onward(session)
        if form.get("do") == "apply":
            return self.applied(store, session, form)
        card, mistake = typed(form) if checkout_completion.needs_method(session) else (None, "")
        if mistake:
            return self.show(store, session, form, mistake)
        confirmed = form.get("authentication")
        if card is not None and card.asks and confirmed is None:
            return self.show(store, session, form, page="checkout_authentication.html")
        if confirmed == "fail":
            return self.show(store, session, form, NOT_AUTHENTICATED)
        try:
            with self.application.acting(store) as call:
                call.play_at(session)
                checkout_completion.complete(call, session, form_filling.filled(card, form))
        except Refused as refused:
            return self.show(store, session, form, refused.message)
        return onward(session)

    def applied(self, store: Store, session: Document, form: dict[str, str]) -> Answer:
        """The page after a promotion code was submitted."""
        try:
            with self.application.acting(store) as call:
                call.play_at(session)
                checkout_completion.apply_code(call, session, form.get("promotion_code", ""))
        except Refused as refused:
            return self.show(store, session, form, refused.message)
        return self.show(store, session, form)

    def found(self, identifier: str) -> tuple[Store, Document] | None:
        """The session with this id, in any account and mode."""
        for account in self.application.world.accounts.values():
            for store in account.stores.values():
                session = store.find(KIND, identifier)
                if session is not None:
                    return store, session
        return None

    def show(
        self, store: Store, session: Document, form: dict[str, str], mistake: str = "", page: str = "checkout.html"
    ) -> Answer:
        """The page with its form; with an error message after a refused submission."""
        account = self.application.world.accounts[store.account].name
        html = self.templates.get_template(page).render(
            account=account, session=session, form=form, mistake=mistake, **shown(store, session)
        )
        return rendering.page(html, 422 if mistake else 200)

    def closed(self, message: str, status: int, session: Document | None = None) -> Answer:
        """A page without a form."""
        html = self.templates.get_template("checkout_closed.html").render(message=message, session=session)
        return rendering.page(html, status)


def onward(session: Document) -> Answer:
    """Redirect to the session's success URL."""
    return rendering.elsewhere(session["success_url"].replace(ID, session["id"]))
