"""HTTP in, HTML or JSON out."""

from flask import Blueprint, Flask, current_app, request
from werkzeug.local import LocalProxy

from billingportal.web import healthz
from billingportal.web.adoption import adoption, duplicates
from billingportal.web.auth import (
    billing_link_requests,
    billing_links,
    client_session,
    client_sign_out,
    last_seen,
    profile,
    session,
    setup,
    sign_in,
    sign_out,
)
from billingportal.web.branding import settings as branding_settings
from billingportal.web.branding import uploads as branding_uploads
from billingportal.web.checkout import checkouts, sign_up
from billingportal.web.checkout import settings as checkout_settings
from billingportal.web.client_portal import billing
from billingportal.web.clients import actions as client_actions
from billingportal.web.clients import clients, manual_grants, workspaces
from billingportal.web.clients import notes as client_notes
from billingportal.web.common import assets, brand, brand_images, errors, htmx, icons, mode, navigation, security
from billingportal.web.common import filters as common_filters
from billingportal.web.common.input import guard, ids, url_parameters
from billingportal.web.connection import processor, processor_actions
from billingportal.web.dunning import settings as dunning_settings
from billingportal.web.mail import settings as mail_settings
from billingportal.web.offers import pricing_page
from billingportal.web.offers import quotes as offer_quotes
from billingportal.web.plan_changes import card as plan_change_card
from billingportal.web.plan_changes import (
    client_cancellations,
    client_pages,
    client_trial_ends,
    staff_cancellations,
    staff_pages,
    staff_trial_ends,
)
from billingportal.web.plans import actions as plan_actions
from billingportal.web.plans import drift_repairs, plans, resources
from billingportal.web.prices import creations as price_creations
from billingportal.web.prices import prices
from billingportal.web.sync import events, webhooks

BLUEPRINTS: list[Blueprint] = [
    adoption.blueprint,
    assets.blueprint,
    billing.blueprint,
    billing_link_requests.blueprint,
    billing_links.blueprint,
    brand.blueprint,
    brand_images.blueprint,
    branding_settings.blueprint,
    staff_cancellations.blueprint,
    checkouts.blueprint,
    client_actions.blueprint,
    client_notes.blueprint,
    client_sign_out.blueprint,
    clients.blueprint,
    duplicates.blueprint,
    events.blueprint,
    manual_grants.blueprint,
    healthz.blueprint,
    dunning_settings.blueprint,
    mail_settings.blueprint,
    mode.blueprint,
    navigation.blueprint,
    client_cancellations.blueprint,
    client_pages.blueprint,
    client_trial_ends.blueprint,
    branding_uploads.blueprint,
    plan_actions.blueprint,
    staff_pages.blueprint,
    plans.blueprint,
    price_creations.blueprint,
    drift_repairs.blueprint,
    prices.blueprint,
    pricing_page.blueprint,
    processor.blueprint,
    processor_actions.blueprint,
    profile.blueprint,
    offer_quotes.blueprint,
    resources.blueprint,
    checkout_settings.blueprint,
    setup.blueprint,
    sign_in.blueprint,
    sign_out.blueprint,
    sign_up.blueprint,
    staff_trial_ends.blueprint,
    webhooks.blueprint,
    workspaces.blueprint,
]


def init_app(app: Flask) -> None:
    """Register every blueprint and what surrounds a request.

    What no database can hold is refused first. Sign-in is checked before CSRF: whoever left a page open over night is
    led to sign-in, not scolded.
    """
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
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
        navigation,
        common_filters,
        plan_change_card,
    ):
        surrounding.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.context_processor(appearance)


def appearance() -> dict[str, object]:
    """What every page is dressed in. The template of `ui` is compiled once, at the first page."""
    theme = request.cookies.get("theme")
    return {
        "ui": current_app.jinja_env.get_template("ui.html").module,
        "brand": LocalProxy(brand.current_brand),
        "theme": theme if theme in ("light", "dark") else None,
    }
