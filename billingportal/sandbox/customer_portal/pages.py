"""The customer portal's pages, each with its form."""

from collections.abc import Callable
from dataclasses import dataclass

from jinja2 import Environment

from billingportal.sandbox.customer_portal import actions, plan_switch, views
from billingportal.sandbox.customer_portal.visit import Visit
from billingportal.sandbox.http import rendering
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Answer, Document
from billingportal.sandbox.reference.tax_id_types import TYPES
from billingportal.sandbox.reference.typed_cards import NOT_AUTHENTICATED, typed

FLOW_PAGES = {
    "customer_update": "information",
    "payment_method_update": "payment-method",
    "subscription_cancel": "cancel",
    "subscription_pause": "pause",
    "subscription_update": "update",
    "subscription_update_confirm": "update",
}


@dataclass(frozen=True)
class Room:
    """The application and templates that every page needs."""

    application: Application
    templates: Environment

    def show(self, name: str, visit: Visit, mistake: str = "", **more: object) -> Answer:
        """A page; with an error message after a refused form."""
        template = self.templates.get_template(f"portal_{name}.html")
        html = template.render(visit=visit, form=visit.form, mistake=mistake, account=self.name(visit), **more)
        return rendering.page(html, 422 if mistake else 200)

    def name(self, visit: Visit) -> str:
        """The name of the portal's account."""
        return self.application.world.accounts[visit.store.account].name


def home(room: Room, visit: Visit, names: list[str]) -> Answer:
    """The home page, or the page of the session's flow."""
    if visit.flow is not None and visit.flow["type"] in FLOW_PAGES:
        part = visit.flow.get(visit.flow["type"]) or {}
        which = [part["subscription"]] if "subscription" in part else []
        return rendering.elsewhere(visit.address(FLOW_PAGES[visit.flow["type"]], *which))
    return room.show("home", visit, **views.overview(visit))


def completed(visit: Visit) -> Answer:
    """The redirect after a form: home, or the end of the session's flow."""
    flow = visit.flow
    visit.session["_flow_done"] = True
    if flow is None or flow["after_completion"]["type"] == "portal_homepage":
        return rendering.elsewhere(visit.address())
    if flow["after_completion"]["type"] == "redirect":
        return rendering.elsewhere(flow["after_completion"]["redirect"]["return_url"])
    return rendering.elsewhere(visit.address("done"))


def done(room: Room, visit: Visit, names: list[str]) -> Answer:
    """The page of a completed flow."""
    flow = visit.session["flow"] or {"after_completion": {}}
    confirmation = flow["after_completion"].get("hosted_confirmation") or {}
    return room.show("done", visit, message=confirmation.get("custom_message"))


def payment_method(room: Room, visit: Visit, names: list[str]) -> Answer:
    """A new card or account."""
    if not visit.sent:
        return room.show("payment_method", visit)
    card, mistake = typed(visit.form)
    if card is None:
        return room.show("payment_method", visit, mistake)
    confirmed = visit.form.get("authentication")
    if card.asks and confirmed is None:
        return room.show("authentication", visit)
    if card.asks and confirmed != "complete":
        return room.show("payment_method", visit, NOT_AUTHENTICATED)
    try:
        with room.application.acting(visit.store) as call:
            actions.add_method(call, visit, card, visit.form.get("name", ""))
    except Refused as refused:
        return room.show("payment_method", visit, refused.message)
    return completed(visit)


def payment_methods(room: Room, visit: Visit, names: list[str]) -> Answer:
    """Make an existing card the default, or remove it."""
    identifier, deed = [*names, "", ""][:2]
    try:
        with room.application.acting(visit.store) as call:
            call.need("customer", visit.customer["id"], "customer")
            if visit.sent and deed == "default":
                actions.make_default(call, visit, identifier)
            elif visit.sent and deed == "removal":
                actions.remove_method(call, visit, identifier)
    except Refused as refused:
        return room.show("home", visit, refused.message, **views.overview(visit))
    return rendering.elsewhere(visit.address())


def chosen(room: Room, visit: Visit, names: list[str]) -> Document:
    """The subscription of a page. Raises Refused for another customer's subscription."""
    with room.application.acting(visit.store) as call:
        return actions.subscription_for(call, visit, names[0] if names else "")


def cancel(room: Room, visit: Visit, names: list[str]) -> Answer:
    """End a subscription."""
    subscription = chosen(room, visit, names)
    feature = visit.configuration["features"]["subscription_cancel"]
    shown: Document = {"subscription": views.subscription_shown(visit, subscription), "feature": feature}
    if not visit.sent:
        return room.show("cancel", visit, **shown)
    try:
        with room.application.acting(visit.store) as call:
            call.play_at(subscription)
            actions.cancel(call, visit, subscription, visit.form)
    except Refused as refused:
        return room.show("cancel", visit, refused.message, **shown)
    return completed(visit)


def confirmed(
    room: Room, visit: Visit, names: list[str], page: str, deed: Callable[[Call, Document], object]
) -> Answer:
    """A page that asks for confirmation of an action on a subscription, and then runs it."""
    subscription = chosen(room, visit, names)
    shown: Document = {"subscription": views.subscription_shown(visit, subscription)}
    if not visit.sent:
        return room.show(page, visit, **shown)
    try:
        with room.application.acting(visit.store) as call:
            call.play_at(subscription)
            deed(call, subscription)
    except Refused as refused:
        return room.show(page, visit, refused.message, **shown)
    return completed(visit)


def renew(room: Room, visit: Visit, names: list[str]) -> Answer:
    """Withdraw a subscription's scheduled end."""
    return confirmed(room, visit, names, "renew", actions.renew)


def pause(room: Room, visit: Visit, names: list[str]) -> Answer:
    """Pause a subscription, or resume it."""
    return confirmed(room, visit, names, "pause", actions.pause_or_resume)


def update(room: Room, visit: Visit, names: list[str]) -> Answer:
    """Change a subscription's plan or quantity."""
    subscription = chosen(room, visit, names)
    wanted = (visit.flow or {}).get("subscription_update_confirm") or {"items": [{}]}
    shown: Document = {
        "subscription": views.subscription_shown(visit, subscription),
        "choices": views.choices(visit, subscription),
        "wanted": wanted["items"][0],
    }
    if not visit.sent:
        return room.show("update", visit, **shown)
    quantity = visit.form.get("quantity", "")
    try:
        with room.application.acting(visit.store) as call:
            call.play_at(subscription)
            number = int(quantity) if quantity.isdigit() else 1
            plan_switch.switch(call, visit, subscription, visit.form.get("price", ""), number)
    except Refused as refused:
        return room.show("update", visit, refused.message, **shown)
    return completed(visit)


def information(room: Room, visit: Visit, names: list[str]) -> Answer:
    """Name, e-mail, address, tax id."""
    allowed = visit.configuration["features"]["customer_update"]["allowed_updates"]
    shown: Document = {"allowed": allowed, "kinds": TYPES, "tax_ids": views.tax_ids(visit)}
    if not visit.sent:
        return room.show("information", visit, **shown)
    try:
        with room.application.acting(visit.store) as call:
            call.need("customer", visit.customer["id"], "customer")
            actions.change_information(call, visit, visit.form)
    except Refused as refused:
        return room.show("information", visit, refused.message, **shown)
    return completed(visit)
