"""The HTML snippet that embeds the pricing page in the partner's own site."""

from flask import request, url_for
from markupsafe import Markup

from billingportal.portal import current_portal

SNIPPET = Markup("""\
<iframe src="{page}" title="Pricing" data-billing-portal
  style="display:block;width:100%;height:60rem;border:0"></iframe>
<script src="{script}" async></script>""")


def own_address(path: str) -> str:
    """The absolute URL of one of our pages, under `public_url` if that is set."""
    base = current_portal().settings.public_url or request.url_root.rstrip("/")
    return base + path


def page_address() -> str:
    """The absolute URL of the pricing page."""
    return own_address(url_for("pricing.show"))


def snippet() -> str:
    """The HTML to paste. Its script only sets the height of the frame to that of the page in it."""
    page = own_address(url_for("pricing.show", embed="1"))
    # As text: on our own pages it is something to read, not something to render.
    return str(SNIPPET.format(page=page, script=own_address(url_for("assets.show", path="js/embed.js"))))
