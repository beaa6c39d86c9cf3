"""The invoice page: requests below /i/, to read, pay or print an invoice."""

from urllib.parse import parse_qsl

from billingportal.sandbox.billing.payments import collection
from billingportal.sandbox.customer_portal.views import method_shown
from billingportal.sandbox.http import rendering
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.rendering import day, money
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.invoice_page.print import pdf
from billingportal.sandbox.reference.test_cards import TestCard
from billingportal.sandbox.reference.typed_cards import NOT_AUTHENTICATED, typed
from billingportal.sandbox.resources.customers import payment_methods
from billingportal.sandbox.resources.invoices import invoices
from billingportal.sandbox.state.store import Store

PREFIX = "/i/"
ASKING = ("asks", "asks_once")


class Door:
    """Answers every request for an invoice's page."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.templates = rendering.environment()

    def answer(self, request: Request) -> Answer:
        """The page of an invoice, or 404."""
        token, _, part = request.path.removeprefix(PREFIX).rstrip("/").partition("/")
        with self.application.world.lock:
            found = self.found(token)
            if found is None or part not in ("", "pdf"):
                html = self.templates.get_template("checkout_closed.html").render(message="There is no such invoice")
                return rendering.page(html, 404)
            if part == "pdf":
                return Answer(200, pdf(self.text(*found)), {"Cache-Control": "no-store"}, "application/pdf")
            if request.method == "POST":
                return self.sent(*found, dict(parse_qsl(request.body, keep_blank_values=True)))
            return self.show(*found, {})

    def found(self, token: str) -> tuple[Store, Document] | None:
        """The finalized invoice with this token."""
        identifier, _, secret = token.partition("-")
        for account in self.application.world.accounts.values():
            for store in account.stores.values():
                invoice = store.find("invoice", identifier)
                if invoice is not None and invoice["_token"] == secret and invoice["status"] != "draft":
                    return store, invoice
        return None

    def sent(self, store: Store, invoice: Document, form: dict[str, str]) -> Answer:
        """Process the form: pay, ask for the bank's confirmation, or show the form with an error message."""
        if not payable(invoice):
            return self.show(store, invoice, {})
        keeps = form.get("method") == "saved" and not form.get("number")  # a typed number takes precedence
        saved = collection.method_of_invoice(store, invoice) if keeps else None
        card, mistake = (None, "") if saved is not None else typed(form)
        if mistake:
            return self.show(store, invoice, form, mistake)
        asks = saved["_outcome"] in ASKING if saved is not None else card is not None and card.asks
        if asks and "authentication" not in form:
            return rendering.page(self.templates.get_template("checkout_authentication.html").render(form=form))
        if form.get("authentication") == "fail":
            return self.show(store, invoice, form, NOT_AUTHENTICATED)
        try:
            with self.application.acting(store) as call:
                call.play_at(invoice)
                pay(call, invoice, saved, card, form)
        except Refused as refused:
            return self.show(store, invoice, form, refused.message)
        return rendering.elsewhere(f"{PREFIX}{invoice['id']}-{invoice['_token']}")

    def show(self, store: Store, invoice: Document, form: dict[str, str], mistake: str = "") -> Answer:
        """The invoice, with the card form while it can be paid."""
        saved = collection.method_of_invoice(store, invoice)
        html = self.templates.get_template("invoice.html").render(
            account=invoice["account_name"],
            invoice=invoice,
            lines=[store.objects["line_item"][one] for one in invoice["_lines"]],
            payable=payable(invoice),
            processing="_processing" in invoice,
            saved=method_shown(saved) if saved is not None else "",
            form=form,
            mistake=mistake,
        )
        return rendering.page(html, 422 if mistake else 200)

    def text(self, store: Store, invoice: Document) -> list[str]:
        """The invoice, line by line, for a printer."""
        currency = invoice["currency"]
        lines = [store.objects["line_item"][one] for one in invoice["_lines"]]
        return [
            str(invoice["account_name"]),
            f"Invoice {invoice['number']}, {day(invoice['effective_at'])}, {invoice['status']}",
            "",
            *(f"{line['description']}: {money(line['amount'], currency)}" for line in lines),
            "",
            f"Total: {money(invoice['total'], currency)}",
            f"Amount due: {money(invoice['amount_remaining'], currency)}",
        ]


def payable(invoice: Document) -> bool:
    """Whether the invoice can be paid now."""
    return invoice["status"] in ("open", "uncollectible") and "_processing" not in invoice


def pay(call: Call, invoice: Document, saved: Document | None, card: TestCard | None, form: dict[str, str]) -> None:
    """Pay with the saved payment method, or save a card and pay with it. Raises Refused (402) when that is declined."""
    method = saved
    if card is not None:
        details = {"name": form.get("name") or None, "email": invoice["customer_email"]}
        method = payment_methods.attach_card(call, card, invoice["customer"], details)
    call.confirmed = True
    call.parameters = {} if method is None else {"payment_method": method["id"]}
    invoices.pay(call, invoice["id"])
