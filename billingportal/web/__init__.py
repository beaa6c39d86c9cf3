"""HTTP in, HTML or JSON out."""

from flask import Flask, current_app, request
from werkzeug.local import LocalProxy

from billingportal.web.adoption import blueprints as adoption
from billingportal.web.api import blueprints as api
from billingportal.web.auth import billing_links, client_session, last_seen, session
from billingportal.web.auth import blueprints as auth
from billingportal.web.branding import blueprints as branding
from billingportal.web.checkout import blueprints as checkout
from billingportal.web.client_portal import blueprints as client_portal
from billingportal.web.clients import blueprints as clients
from billingportal.web.common import blueprints as common
from billingportal.web.common import brand, errors, htmx, mode, navigation, security
from billingportal.web.common.input import guard, ids, url_parameters
from billingportal.web.common.rendering import assets, icons, indentation, series, status_icons
from billingportal.web.common.rendering import filters as common_filters
from billingportal.web.connection import blueprints as connection
from billingportal.web.dunning import blueprints as dunning
from billingportal.web.go_live import blueprints as go_live
from billingportal.web.health import blueprints as health
from billingportal.web.mail import blueprints as mail
from billingportal.web.offers import blueprints as offers
from billingportal.web.outgoing_webhooks import blueprints as outgoing_webhooks
from billingportal.web.plan_changes import blueprints as plan_changes
from billingportal.web.plan_changes import card as plan_change_card
from billingportal.web.plans import blueprints as plans
from billingportal.web.price_moves import blueprints as price_moves
from billingportal.web.prices import blueprints as prices
from billingportal.web.rehearsal import blueprints as rehearsal
from billingportal.web.sync import blueprints as sync
from billingportal.web.usage import blueprints as usage

SUBJECTS = (
    adoption,
    api,
    auth,
    branding,
    checkout,
    client_portal,
    clients,
    common,
    connection,
    dunning,
    go_live,
    health,
    mail,
    offers,
    outgoing_webhooks,
    plan_changes,
    plans,
    price_moves,
    prices,
    rehearsal,
    sync,
    usage,
)


def init_app(app: Flask) -> None:
    """Register every blueprint and the hooks that run around each request.

    Text that no database can store is refused first. Sign-in is checked before CSRF: a page that was left open over
    night leads to sign-in, not to an error.
    """
    indentation.init_app(app)
    for surrounding in (
        ids,
        guard,
        url_parameters,
        session,
        client_session,
        billing_links,
        last_seen,
        mode,
        security,
        errors,
        htmx,
        assets,
        icons,
        status_icons,
        series,
        navigation,
        common_filters,
        plan_change_card,
    ):
        surrounding.init_app(app)
    for blueprint in (blueprint for subject in SUBJECTS for blueprint in subject.BLUEPRINTS):
        app.register_blueprint(blueprint)
    app.context_processor(appearance)


def appearance() -> dict[str, object]:
    """Variables of every template: macros, brand and theme. `ui.html` is compiled once, at the first page."""
    theme = request.cookies.get("theme")
    return {
        "ui": current_app.jinja_env.get_template("ui.html").module,
        "brand": LocalProxy(brand.current_brand),
        "theme": theme if theme in ("light", "dark") else None,
    }
