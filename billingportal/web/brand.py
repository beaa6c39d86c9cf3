"""The partner's own name and colour. The style comes as a file because the policy allows no inline styles."""

import hashlib
from dataclasses import dataclass

from flask import Blueprint, Response

blueprint = Blueprint("brand", __name__)
ONE_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Brand:
    """What makes the portal the partner's: `color` is a CSS colour on which `ink` reads at 4.5:1."""

    name: str
    color: str
    ink: str

    @property
    def stylesheet(self) -> str:
        return f":root {{ --tblr-primary: {self.color}; --tblr-primary-fg: {self.ink}; }}\n"

    @property
    def version(self) -> str:
        """Changes with the stylesheet, so that it can be cached for long."""
        return hashlib.sha256(self.stylesheet.encode()).hexdigest()[:12]


BRAND = Brand(name="Billing Portal", color="oklch(49.5% .17 268)", ink="#fff")


@blueprint.get("/brand.css")
def show() -> Response:
    response = Response(BRAND.stylesheet, mimetype="text/css")
    response.cache_control.public = True
    response.cache_control.max_age = ONE_YEAR
    return response
