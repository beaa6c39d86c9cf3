"""The `invoice.upcoming` event, some days before a subscription's next period."""

from dataclasses import replace

from billingportal.sandbox.billing.invoicing.dry_run import rehearsal
from billingportal.sandbox.billing.invoicing.previews import of_existing
from billingportal.sandbox.billing.time.renewals import next_renewal
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.settings import setting
from billingportal.sandbox.state.changes import emit

DAY = 24 * 3600


def told_at(call: Call, end: int) -> int:
    """When the invoice of a period that ends at a time is announced; both in seconds."""
    return int(end - setting(call.account, "invoices")["upcoming_days"] * DAY)


def tell(call: Call, subscription: Document) -> None:
    """Emit the next invoice, if there will be one. Its id names nothing, since it is not made yet."""
    subscription["_told_of"] = next_renewal(call, subscription)
    trial = replace(rehearsal(call, {}, subscription), previews=True)
    try:
        invoice = of_existing(trial, trial.store.objects["subscription"][subscription["id"]], recurring=False)
    except Refused:  # no next invoice
        return
    trial.events = []
    emit(trial, "invoice.upcoming", invoice)
    call.events += trial.events
