"""The pricing page inside the partner's own site: the lines to copy."""

from flask import request, url_for
from markupsafe import Markup

from billingportal.portal import current_portal

SNIPPET = Markup("""\
<iframe src="{page}" title="Pricing" data-billing-portal
  style="display:block;width:100%;height:60rem;border:0"></iframe>
<script src="{script}" async></script>""")


def own_address(path: str) -> str:
    """The whole address of one of our pages: under the public address where that is set."""
    base = current_portal().settings.public_url or request.url_root.rstrip("/")
    return base + path


def page_address() -> str:
    """The whole address of the pricing page."""
    return own_address(url_for("pricing.show"))


def snippet() -> str:
    """What the partner pastes. The script only sets the height of the frame to that of the page in it."""
    page = own_address(url_for("pricing.show", embed="1"))
    # As text: on our own pages it is something to read, not something to render.
    return str(SNIPPET.format(page=page, script=own_address(url_for("assets.show", path="js/embed.js"))))
