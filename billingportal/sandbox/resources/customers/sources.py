"""Legacy sources: cards that were saved before payment methods existed."""

from copy import deepcopy

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.reference.test_cards import TestCard
from billingportal.sandbox.resources.customers.payment_methods import KIND, NO_DETAILS, card_part
from billingportal.sandbox.state.identifiers import new_id


def attach_source(call: Call, card: TestCard, customer: str) -> Document:
    """A customer's legacy card. It pays as a payment method does, but no source says that it can be read as one."""
    return call.store.put(
        {
            "id": new_id("card"),
            "object": KIND,
            "billing_details": deepcopy(NO_DETAILS),
            "card": card_part(card),
            "created": call.now(),
            "customer": customer,
            "livemode": call.livemode,
            "metadata": {},
            "type": "card",
            "_outcome": card.outcome,
            "_decline_code": card.decline_code,
            "_is_source": True,
        }
    )
