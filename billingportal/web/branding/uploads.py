"""Settings > Branding: logos and favicon, uploaded and removed."""

from typing import get_args

from flask import Blueprint, Response, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import transaction
from billingportal.domain.branding import images as branding_images
from billingportal.errors import Refusal
from billingportal.models.branding import PictureUse
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.branding.settings import facts
from billingportal.web.common import htmx

blueprint = Blueprint("pictures", __name__, url_prefix="/settings/branding/pictures")
USES: tuple[PictureUse, ...] = get_args(PictureUse)


@blueprint.post("/<public:use>")
@require_role("owner", "admin")
def update(use: str) -> ResponseReturnValue:
    """Show the uploaded picture from now on."""
    chosen = use_of(use)
    upload = request.files.get("picture")
    try:
        picture = branding_images.reencode(chosen, upload.read() if upload else b"")
    except Refusal as refusal:
        return render_template("branding/edit.html", **facts(picture_errors={use: refusal.message})), 422
    with transaction() as session:
        branding_images.replace_image(session, chosen, picture, staff_id=current_staff().id)
    return done(f"The {branding_images.NAMES[chosen]} is shown from now on.")


@blueprint.post("/<public:use>/removal")
@require_role("owner", "admin")
def destroy(use: str) -> ResponseReturnValue:
    chosen = use_of(use)
    with transaction() as session:
        branding_images.remove_image(session, chosen, staff_id=current_staff().id)
    return done(f"The {branding_images.NAMES[chosen]} is removed.")


def use_of(use: str) -> PictureUse:
    return next((known for known in USES if known == use), None) or abort(404)


def done(words: str) -> Response:
    flash(words)
    return htmx.redirect(url_for("branding.edit"))
