"""The partner's own name, colour and pictures. The style is a file because the policy allows no inline styles."""

import hashlib
from dataclasses import dataclass, replace

from flask import Blueprint, Response, current_app, g, request, url_for
from sqlalchemy import RowMapping, select
from sqlalchemy.exc import SQLAlchemyError

from billingportal.db import glance
from billingportal.domain.branding.branding import DEFAULT_COLOUR, DEFAULT_NAME
from billingportal.domain.branding.contrast import WHITE, lightened
from billingportal.models import Branding, BrandPicture
from billingportal.web.common.rendering.assets import asset

blueprint = Blueprint("brand", __name__)
ONE_YEAR = 365 * 24 * 3600
TEXTS = ("name", "colour", "privacy_url", "terms_url", "contact_url", "headline")


@dataclass(frozen=True)
class Brand:
    """The partner's branding. White text is legible on `colour`; pictures are named by their digests."""

    name: str = DEFAULT_NAME
    colour: str = DEFAULT_COLOUR
    privacy_url: str = ""
    terms_url: str = ""
    contact_url: str = ""
    headline: str = ""
    embedding_origins: tuple[str, ...] = ()
    logo_light: str | None = None
    logo_dark: str | None = None
    favicon: str | None = None

    @property
    def stylesheet(self) -> str:
        link = f"light-dark({self.colour}, {lightened(self.colour)})"
        colours = f"--tblr-primary: {self.colour}; --tblr-primary-fg: {WHITE}; --tblr-link-color: {link};"
        return f":root {{ {colours} }}\n"

    @property
    def version(self) -> str:
        """Changes with the stylesheet, so that caches can store it for a year."""
        return hashlib.sha256(self.stylesheet.encode()).hexdigest()[:8]

    @property
    def logos(self) -> tuple[tuple[str, str], ...]:
        """URL and theme of each logo; a single logo is for both themes."""
        found = [(use, digest) for use, digest in (("light", self.logo_light), ("dark", self.logo_dark)) if digest]
        shown_in = [use if len(found) > 1 else "any" for use, _ in found]
        return tuple((picture_address(digest), theme) for (_, digest), theme in zip(found, shown_in, strict=True))

    @property
    def favicon_address(self) -> str:
        return picture_address(self.favicon) if self.favicon else asset("favicon.svg")


def picture_address(digest: str) -> str:
    return url_for("brand_pictures.show", digest=digest)


def current_brand() -> Brand:
    """The stored brand, read once per request.

    Without a database it is the portal's own brand, so that error pages can still be shown.
    """
    if "brand" not in g:
        try:
            g.brand = read_brand()
        except SQLAlchemyError as error:
            current_app.logger.warning("the branding cannot be read: %s", type(error).__name__)
            g.brand = Brand()
    brand: Brand = g.brand
    return brand


def read_brand() -> Brand:
    """Read outside of the request's own transaction, which may have failed. Picture contents are not loaded."""
    table = Branding.__table__
    with glance() as database:
        row = database.execute(select(table)).mappings().first()
        rows = database.execute(select(BrandPicture.use, BrandPicture.digest)).all()
    digests = {picture.use: picture.digest for picture in rows}
    brand = Brand() if row is None else brand_of(row)
    return replace(
        brand,
        logo_light=digests.get("logo_light"),
        logo_dark=digests.get("logo_dark"),
        favicon=digests.get("favicon"),
    )


def brand_of(row: RowMapping) -> Brand:
    texts: dict[str, str] = {name: row[name] for name in TEXTS}
    return Brand(**texts, embedding_origins=tuple(row["embedding_origins"]))


@blueprint.get("/brand.css")
def show() -> Response:
    """The stylesheet. Caches store it for a year only under the URL with its current version."""
    brand = current_brand()
    response = Response(brand.stylesheet, mimetype="text/css")
    response.cache_control.public = True
    response.set_etag(brand.version)
    if request.args.get("v") == brand.version:
        response.cache_control.max_age = ONE_YEAR
    else:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
