"""Reads the submitted fields of the checkout page."""

from billingportal.sandbox.checkout.completion import Filled
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import TestCard

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
QUANTITY = "quantity_"


def filled(card: TestCard | None, form: dict[str, str]) -> Filled:
    """The submitted form."""
    address: Document = {name: form[name].strip() for name in ADDRESS if form.get(name, "").strip()}
    value = form.get("tax_id", "").strip()
    quantities = {
        name.removeprefix(QUANTITY): int(text)
        for name, text in form.items()
        if name.startswith(QUANTITY) and text.isdigit()
    }
    return Filled(
        card,
        name=form.get("name", "").strip(),
        email=form.get("email", "").strip(),
        address=address,
        tax_id=(form.get("tax_id_type", ""), value) if value else None,
        quantities=quantities,
        promotion_code=form.get("promotion_code", "").strip(),
        accepts_terms=form.get("terms") == "accepted",
    )
