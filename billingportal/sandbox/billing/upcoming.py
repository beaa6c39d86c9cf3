"""The notice, some days before, of the invoice that a subscription's next period brings."""

from billingportal.sandbox.billing.previewing import of_existing
from billingportal.sandbox.billing.rehearsing import rehearsal
from billingportal.sandbox.billing.renewing import next_renewal
from billingportal.sandbox.call import Call
from billingportal.sandbox.changes import emit
from billingportal.sandbox.errors import Refused
from billingportal.sandbox.wire import Document

TOLD_BEFORE = 7 * 24 * 3600


def tell(call: Call, subscription: Document) -> None:
    """Tell of the next invoice, if there will be one. Its id names nothing, since it is not made yet."""
    subscription["_told_of"] = next_renewal(call, subscription)
    trial = rehearsal(call, {}, subscription)
    try:
        invoice = of_existing(trial, trial.store.objects["subscription"][subscription["id"]], recurring=False)
    except Refused:  # nothing to come
        return
    trial.events = []
    emit(trial, "invoice.upcoming", invoice)
    call.events += trial.events
