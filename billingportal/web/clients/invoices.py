"""One invoice of a client, explained, and the link by which the client sees the same."""

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from billingportal.db import db, transaction
from billingportal.domain.auth.billing_links import STAFF_HOURS
from billingportal.domain.client_portal.shared_invoices import share_by_email
from billingportal.domain.common import audit
from billingportal.domain.common.audit import by_staff
from billingportal.domain.invoices.client_invoices import find_invoice
from billingportal.domain.mail import settings as mail_settings
from billingportal.models import Client, Invoice
from billingportal.web.auth import billing_links
from billingportal.web.auth.session import current_staff, require_role
from billingportal.web.clients.steps import client_or_404
from billingportal.web.common import htmx
from billingportal.web.common.embedding import own_address
from billingportal.web.common.rendering import invoice_words
from billingportal.web.common.rendering.explained_invoice import shown_invoice

blueprint = Blueprint("client_invoices", __name__, url_prefix="/saas/clients/<id:client_id>/invoices")


def invoice_or_404(client_id: int, stripe_invoice_id: str) -> tuple[Client, Invoice]:
    """The client with this invoice; another client's is a 404."""
    client = client_or_404(client_id)
    invoice = find_invoice(db.session(), client.id, stripe_invoice_id)
    if invoice is None:
        abort(404, f"{client.name} has no such invoice.")
    return client, invoice


def address_of(client: Client, invoice: Invoice) -> str:
    return url_for("client_invoices.show", client_id=client.id, stripe_invoice_id=invoice.stripe_invoice_id)


@blueprint.get("/<public:stripe_invoice_id>")
def show(client_id: int, stripe_invoice_id: str) -> str:
    client, invoice = invoice_or_404(client_id, stripe_invoice_id)
    shown = shown_invoice(client, invoice, client.name)
    may_change = current_staff().role in ("owner", "admin")
    is_the_clients = invoice.status != "draft" and invoice.deleted_at is None and client.archived_at is None
    return render_template(
        "clients/invoice.html",
        shown=shown,
        may_change=may_change,
        may_share=is_the_clients and may_change,
        address_of=lambda other: address_of(client, other),
        **invoice_words.WORDS,
    )


@blueprint.get("/<public:stripe_invoice_id>/links/new")
@require_role("owner", "admin")
def new_link(client_id: int, stripe_invoice_id: str) -> str:
    return link_page(*shareable_or_404(client_id, stripe_invoice_id))


@blueprint.post("/<public:stripe_invoice_id>/links")
@require_role("owner", "admin")
def create_link(client_id: int, stripe_invoice_id: str) -> ResponseReturnValue:
    """Show a new link, once. It is not stored, only the audit entry."""
    client, invoice = shareable_or_404(client_id, stripe_invoice_id)
    address = own_address(billing_links.invoice_address(client, invoice.stripe_invoice_id, hours=STAFF_HOURS))
    record(client.id, f"Made a billing link to invoice {name_of(invoice)} for {STAFF_HOURS} hours")
    return link_page(*shareable_or_404(client_id, stripe_invoice_id), address=address)


@blueprint.post("/<public:stripe_invoice_id>/emails")
@require_role("owner", "admin")
def create_email(client_id: int, stripe_invoice_id: str) -> ResponseReturnValue:
    """Email the client a link to its invoice."""
    client, invoice = shareable_or_404(client_id, stripe_invoice_id)
    if not mail_settings.is_on(db.session()):
        abort(409, "Emails to clients are switched off.")
    where, name, staff_id = address_of(client, invoice), name_of(invoice), current_staff().id
    with transaction() as session:
        share_by_email(session, session.get_one(Client, client_id), invoice, author=by_staff(staff_id))
    flash(f"Invoice {name} is on its way to {client_or_404(client_id).email}.")
    return htmx.redirect(where)


def shareable_or_404(client_id: int, stripe_invoice_id: str) -> tuple[Client, Invoice]:
    """An invoice that its client may see."""
    client, invoice = invoice_or_404(client_id, stripe_invoice_id)
    if client.archived_at is not None:
        abort(409, f"{client.name} is archived. A billing link would open nothing.")
    if invoice.status == "draft" or invoice.deleted_at is not None:
        abort(409, "Clients don't see drafts.")
    return client, invoice


def link_page(client: Client, invoice: Invoice, address: str | None = None) -> str:
    return render_template(
        "clients/actions/invoice_link.html",
        client=client,
        invoice=invoice,
        name=name_of(invoice),
        address=address,
        hours=STAFF_HOURS,
        may_email=mail_settings.is_on(db.session()),
    )


def name_of(invoice: Invoice) -> str:
    return invoice.number or invoice.stripe_invoice_id


def record(client_id: int, words: str) -> None:
    staff_id = current_staff().id
    with transaction() as session:
        act = audit.Act("client.billing_link_made", words, staff_id=staff_id, subject=("client", client_id))
        audit.record_act(session, act)
