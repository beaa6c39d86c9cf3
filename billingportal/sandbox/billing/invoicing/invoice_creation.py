"""Creates invoices from lines and finalizes them."""

from billingportal.sandbox.billing.invoicing import redemption
from billingportal.sandbox.billing.invoicing import totals as invoicing_totals
from billingportal.sandbox.billing.invoicing.blank_invoice import blank_invoice
from billingportal.sandbox.billing.invoicing.line_items import period_line
from billingportal.sandbox.billing.invoicing.lines import Draft
from billingportal.sandbox.billing.invoicing.pending_invoice_items import keep, settle
from billingportal.sandbox.billing.payments import payment_intents
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state import planted
from billingportal.sandbox.state.changes import emit, updating


def make_invoice(
    call: Call, subscription: Document, drafts: list[Draft], reason: str, more: Document | None = None
) -> Document:
    """Create a draft invoice of a subscription: pending items first, then the given lines. Emits `invoice.created`.

    Prorations among the lines become invoice items first, as all prorations do. `more` overrides attributes of the
    draft.
    """
    customer = call.store.objects["customer"][subscription["customer"]]
    invoice = blank_invoice(call, subscription, customer, reason)
    invoice.update(more or {})
    keep(call, subscription, drafts)
    lines = settle(call, subscription, invoice)
    lines += [period_line(call, invoice, subscription, draft) for draft in drafts if not draft.proration]
    forgets = reason == "subscription_cycle" and planted.happens(call.store, "coupon_forgotten")
    discounts = [] if forgets else redemption.active(call.store, subscription, call.now())
    invoice["discounts"] = [one["id"] for one in discounts]
    write(call, subscription, invoice, lines)
    call.store.put(invoice)
    subscription["latest_invoice"] = invoice["id"]
    subscription["_invoices"].append(invoice["id"])
    emit(call, "invoice.created", invoice)
    return invoice


def write(call: Call, subscription: Document, invoice: Document, lines: list[Document]) -> None:
    """Replace a draft's lines and compute its totals with its discounts."""
    invoice["_lines"] = [line["id"] for line in lines]
    invoicing_totals.reckon(call, subscription, invoice, lines)
    invoicing_totals.keep_shares(call, lines)
    invoicing_totals.keep_debits(call, invoice, lines)


def finalize(call: Call, invoice: Document) -> None:
    """Open a draft: assign its number and pages, and apply the customer's balance."""
    customer = call.store.objects["customer"][invoice["customer"]]
    invoicing_totals.apply_balance(customer, invoice)
    with updating(call, "customer.updated", customer):
        sequence = customer["next_invoice_sequence"]
        customer["next_invoice_sequence"] = sequence + 1
        customer["balance"] = invoice["ending_balance"]
    page = f"{call.address}/i/{invoice['id']}-{invoice['_token']}"
    invoice.update(
        status="open",
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        automatically_finalizes_at=None,
        effective_at=call.now(),
        hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf",
        confirmation_secret=None,
    )
    invoice["status_transitions"]["finalized_at"] = call.now()
    if invoice["amount_due"] > 0:
        payment_intents.expect(call, invoice)
    emit(call, "invoice.finalized", invoice)
    invoicing_totals.use_up(call, invoice)
