"""Settings > Checkout: options of Stripe Checkout, and changes that clients may make by themselves."""

from flask import Blueprint, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, RadioField

from billingportal.db import db, transaction
from billingportal.domain.checkout import settings as checkout_settings
from billingportal.domain.checkout import sign_up_requests
from billingportal.domain.checkout.settings import Selling
from billingportal.domain.connection import processor_accounts
from billingportal.errors import Refusal
from billingportal.models.connection.processor_account import Mode
from billingportal.portal import current_portal
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.requests.tax import TaxSettings
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.common import htmx
from billingportal.web.common.forms import PortalForm
from billingportal.web.common.stripe_access import stripe_for

blueprint = Blueprint("selling_settings", __name__, url_prefix="/settings/checkout")
NEEDS_MAIL = "Switch on email in Settings > Mail first. The portal also needs its public address."
ADDRESSES = {
    "auto": "Only where Stripe needs it, for example for tax",
    "required": "Always",
}


class SellingForm(PortalForm):
    allows_promotion_codes = BooleanField(
        "Promotion codes", description="Clients can enter a code that you made in Stripe under Coupons."
    )
    computes_tax = BooleanField(
        "Automatic tax",
        description="Stripe Tax works out the tax from the client’s address and adds it to every invoice.",
    )
    collects_tax_id = BooleanField(
        "Tax ID", description="Businesses can enter their VAT or other tax number; it stands on their invoices."
    )
    address_collection = RadioField("Billing address", choices=ADDRESSES, default="auto")
    allows_downgrade_at_once = BooleanField(
        "Downgrade at once",
        description="Otherwise a smaller plan begins with the next period, and what was paid for lasts until then.",
    )
    carries_trials_over = BooleanField(
        "Carry trials over",
        description="A trial keeps all of its days when the client moves to another plan. Otherwise a plan without a "
        "trial is paid at once, and other plans give at most their own trial days.",
    )

    confirms_addresses = BooleanField(
        "Confirm addresses first",
        description="A sign-up goes on from a link in an email, so nobody learns whether an address has an account.",
    )

    @property
    def chosen(self) -> Selling:
        return Selling(
            allows_promotion_codes=bool(self.allows_promotion_codes.data),
            computes_tax=bool(self.computes_tax.data),
            collects_tax_id=bool(self.collects_tax_id.data),
            address_collection="required" if self.address_collection.data == "required" else "auto",
            allows_downgrade_at_once=bool(self.allows_downgrade_at_once.data),
            carries_trials_over=bool(self.carries_trials_over.data),
            confirms_addresses=bool(self.confirms_addresses.data),
        )


@blueprint.get("")
def edit() -> str:
    return page(SellingForm(obj=checkout_settings.current_settings(db.session())))


def page(form: SellingForm, **tax: object) -> str:
    return render_template(
        "checkout/settings/edit.html",
        form=form,
        can_confirm=sign_up_requests.can_confirm(db.session(), current_portal().settings),
        is_connected=processor_accounts.connected(db.session(), g.mode) is not None,
        tax_address=f"https://dashboard.stripe.com/{'test/' if g.mode == 'test' else ''}tax",
        **tax,
    )


@blueprint.get("/tax")
def show_tax() -> str:
    """What Stripe Tax still needs; fetched after the page has loaded, since Stripe may be slow."""
    found = tax_settings(g.mode)
    if htmx.is_partial(request):
        return render_template("checkout/settings/_tax.html", tax=found, is_asked=True)
    return page(SellingForm(obj=checkout_settings.current_settings(db.session())), tax=found, is_asked=True)


def tax_settings(mode: Mode) -> TaxSettings | None:
    """The settings of Stripe Tax. None without an account, without the right to read them, or without an answer."""
    try:
        return stripe_for(mode).gateway.tax_settings()
    except (Refusal, StripeProblem):
        return None


@blueprint.post("")
@require_role("owner", "admin")
def update() -> ResponseReturnValue:
    form = SellingForm.of_request()
    if form.confirms_addresses.data and not sign_up_requests.can_confirm(db.session(), current_portal().settings):
        form.refuse(Refusal("confirms_addresses", NEEDS_MAIL))
        return page(form), 422
    with transaction() as session:
        checkout_settings.save_settings(session, form.chosen, staff_id=current_staff().id)
    flash("Checkout saved. It holds for checkouts that begin from now on.")
    return htmx.redirect(url_for("selling_settings.edit"))
