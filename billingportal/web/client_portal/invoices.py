"""The client's own invoices, explained one by one."""

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db
from billingportal.domain.invoices.client_invoices import find_invoice
from billingportal.models import Invoice
from billingportal.web.auth.client_session import current_client, require_client
from billingportal.web.common.rendering import invoice_words
from billingportal.web.common.rendering.explained_invoice import shown_invoice

blueprint = Blueprint("own_invoices", __name__, url_prefix="/portal/billing/invoices")


@blueprint.get("/<public:stripe_invoice_id>")
@require_client
def show(stripe_invoice_id: str) -> ResponseReturnValue:
    """Drafts are not the client's yet, and other clients' invoices are not there."""
    client = current_client()
    invoice = find_invoice(db.session(), client.id, stripe_invoice_id)
    if invoice is None or invoice.status == "draft" or invoice.deleted_at is not None:
        abort(404, "There is no such invoice.")
    return render_template(
        "client_portal/invoice.html",
        shown=shown_invoice(client, invoice, "your workspaces"),
        address_of=address_of,
        **invoice_words.WORDS,
    )


def address_of(invoice: Invoice) -> str:
    return url_for("own_invoices.show", stripe_invoice_id=invoice.stripe_invoice_id)
