"""The blueprints of this subject."""

from billingportal.web.auth import (
    billing_link_requests,
    billing_links,
    client_sign_out,
    profile,
    setup,
    sign_in,
    sign_out,
)

BLUEPRINTS = (
    billing_link_requests.blueprint,
    billing_links.blueprint,
    client_sign_out.blueprint,
    profile.blueprint,
    setup.blueprint,
    sign_in.blueprint,
    sign_out.blueprint,
)
