"""The pages where items of the checklist are mended."""

from flask import current_app, url_for

from billingportal.web.common.urls import in_dashboard

ENDPOINTS = {
    "processor": "processor.show",
    "checkout": "selling_settings.edit",
    "prices": "go_live.prices",
    "rehearsal": "rehearsals.index",
    "plans": "plans.index",
    "health": "health.index",
    "branding": "branding.edit",
    "mail": "mail_settings.edit",
    "api_keys": "api_keys.index",
    "outgoing": "outgoing_webhooks.index",
    "customer_portal": "go_live.set_up_customer_portal",
}
# These are pressed, not visited.
POSTED = frozenset({"customer_portal"})


def address_of(page: str) -> str | None:
    """The address where an item is mended; None while the portal has no such page."""
    if page == "stripe_account":
        return in_dashboard("live", "settings/account")
    endpoint = ENDPOINTS[page]
    return url_for(endpoint) if endpoint in current_app.view_functions else None
