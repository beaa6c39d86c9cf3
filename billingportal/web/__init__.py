"""HTTP in, HTML or JSON out."""

from flask import Blueprint, Flask, current_app, request
from werkzeug.local import LocalProxy

from billingportal.web import (
    adoption,
    assets,
    billing,
    billing_link_requests,
    billing_links,
    brand,
    brand_pictures,
    branding,
    cancellations,
    checkouts,
    client_actions,
    client_notes,
    client_session,
    client_sign_out,
    clients,
    duplicates,
    errors,
    events,
    given_by_hand,
    health,
    htmx,
    icons,
    ids,
    input_guard,
    ladder_settings,
    last_seen,
    mail_settings,
    mode,
    move_card,
    navigation,
    own_cancellation,
    own_plan,
    own_trial_end,
    pictures,
    plan_actions,
    plan_moves,
    plans,
    price_creations,
    price_repairs,
    prices,
    pricing,
    processor,
    processor_actions,
    profile,
    quotes,
    resources,
    security,
    selling_settings,
    session,
    setup,
    sign_in,
    sign_out,
    sign_up,
    trial_ends,
    url_parameters,
    webhooks,
    words,
    workspaces,
)

BLUEPRINTS: list[Blueprint] = [
    adoption.blueprint,
    assets.blueprint,
    billing.blueprint,
    billing_link_requests.blueprint,
    billing_links.blueprint,
    brand.blueprint,
    brand_pictures.blueprint,
    branding.blueprint,
    cancellations.blueprint,
    checkouts.blueprint,
    client_actions.blueprint,
    client_notes.blueprint,
    client_sign_out.blueprint,
    clients.blueprint,
    duplicates.blueprint,
    events.blueprint,
    given_by_hand.blueprint,
    health.blueprint,
    ladder_settings.blueprint,
    mail_settings.blueprint,
    mode.blueprint,
    navigation.blueprint,
    own_cancellation.blueprint,
    own_plan.blueprint,
    own_trial_end.blueprint,
    pictures.blueprint,
    plan_actions.blueprint,
    plan_moves.blueprint,
    plans.blueprint,
    price_creations.blueprint,
    price_repairs.blueprint,
    prices.blueprint,
    pricing.blueprint,
    processor.blueprint,
    processor_actions.blueprint,
    profile.blueprint,
    quotes.blueprint,
    resources.blueprint,
    selling_settings.blueprint,
    setup.blueprint,
    sign_in.blueprint,
    sign_out.blueprint,
    sign_up.blueprint,
    trial_ends.blueprint,
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
        input_guard,
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
        words,
        move_card,
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
