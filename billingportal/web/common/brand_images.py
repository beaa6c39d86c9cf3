"""The partner's logos and favicon, for everybody."""

from flask import Blueprint, Response, abort, request

from billingportal.db import db
from billingportal.domain.branding import images as branding_images
from billingportal.web.common.brand import ONE_YEAR

blueprint = Blueprint("brand_pictures", __name__)
# An SVG opened by itself is a page of ours. It may only be shown.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


@blueprint.get("/brand/<public:digest>")
def show(digest: str) -> Response:
    """The picture with this digest. A new picture has a new URL, so caches may store it for a year."""
    picture = branding_images.find_image(db.session(), digest)
    if picture is None:
        abort(404)
    response = Response(picture.content, mimetype=picture.media_type)
    response.headers["Content-Security-Policy"] = POLICY
    response.cache_control.public = True
    response.cache_control.max_age = ONE_YEAR
    response.cache_control.immutable = True
    response.set_etag(digest)
    response.make_conditional(request)
    return response
