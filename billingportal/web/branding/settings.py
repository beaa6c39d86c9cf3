"""Settings > Branding: the name, colour and pictures that clients see, and the sites that may show the pricing page."""

from collections.abc import Mapping

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from billingportal.db import db, transaction
from billingportal.domain.branding import branding
from billingportal.domain.branding.branding import DEFAULT_COLOUR, DEFAULT_NAME, Looks
from billingportal.domain.branding.contrast import colour_of
from billingportal.errors import Refusal
from billingportal.models import Branding
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.embedding import page_address, snippet
from billingportal.web.common.forms import PortalForm

blueprint = Blueprint("branding", __name__, url_prefix="/settings/branding")
LINKS = ("privacy_url", "terms_url")


def at_most(length: int) -> Length:
    return Length(max=length, message=f"At most {length} characters.")


class BrandingForm(PortalForm):
    name = StringField(
        "Brand name",
        [at_most(60)],
        description="On every page, in the title of the window and in links that are shared.",
    )
    colour = StringField(
        "Theme colour",
        [at_most(12)],
        description="For buttons and links. A colour too light for white text is darkened until it can be read.",
    )
    headline = StringField("Headline of the pricing page", [at_most(100)], description="Empty: “Plans and prices”.")
    contact = StringField(
        "Contact",
        [at_most(500)],
        description="An email address or a page: where “Contact us” leads for plans on request.",
    )
    privacy_url = StringField("Privacy policy", [at_most(500)], description="The address of the page.")
    terms_url = StringField("Terms", [at_most(500)], description="The address of the page.")
    embedding_origins = TextAreaField(
        "Sites that may show the pricing page",
        [at_most(4000)],
        description="One to a line, for example https://www.example.com. Other sites cannot put it in a frame.",
    )

    @property
    def looks(self) -> Looks:
        return Looks(**{field.name: field.data or "" for field in self})


@blueprint.get("")
def edit() -> str:
    return render_template("branding/edit.html", **facts())


@blueprint.post("")
@require_role("owner", "admin")
def update() -> ResponseReturnValue:
    """Save branding. A message says when the colour had to be darkened."""
    form = BrandingForm.of_request()
    if not form.is_valid():
        return render_template("branding/edit.html", **facts(form)), 422
    try:
        with transaction() as session:
            saved = branding.save_branding(session, form.looks, staff_id=current_staff().id).colour
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("branding/edit.html", **facts(form)), 422
    flash(saved_words(colour_of(form.looks.colour), saved))
    return htmx.redirect(url_for("branding.edit"))


def saved_words(typed: str, saved: str) -> str:
    if saved == typed:
        return "Branding saved."
    return f"Branding saved. The colour {typed} became {saved}, so that white text can be read on it."


def facts(form: BrandingForm | None = None, picture_errors: Mapping[str, str] | None = None) -> dict[str, object]:
    found = branding.find_branding(db.session())
    return {
        "form": form or form_of(found),
        "picture_errors": picture_errors or {},
        "snippet": snippet(),
        "pricing_address": page_address(),
        "is_embeddable": bool(found and found.embedding_origins),
    }


def form_of(found: Branding | None) -> BrandingForm:
    if found is None:
        return BrandingForm(data={"name": DEFAULT_NAME, "colour": DEFAULT_COLOUR})
    stored: dict[str, str] = {name: getattr(found, name) for name in ("name", "colour", "headline", *LINKS)}
    origins = "\n".join(str(origin) for origin in found.embedding_origins)
    contact = found.contact_url.removeprefix("mailto:")
    return BrandingForm(data={**stored, "contact": contact, "embedding_origins": origins})
