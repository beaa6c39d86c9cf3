"""The invoices of clients that checks look at."""

from sqlalchemy import Select, select

from billingportal.models import Client, ClientCustomer, Invoice, ProcessorAccount
from billingportal.plain_json import JsonObject

Row = tuple[Client, Invoice]


def of_clients(account: ProcessorAccount) -> Select[Client, Invoice]:
    """Each client's invoices at the account, without those of rehearsals."""
    return (
        select(Client, Invoice)
        .join(ClientCustomer, ClientCustomer.client_id == Client.id)
        .join(
            Invoice,
            (Invoice.processor_account_id == ClientCustomer.processor_account_id)
            & (Invoice.stripe_customer_id == ClientCustomer.stripe_customer_id),
        )
        .where(Invoice.processor_account_id == account.id, Invoice.deleted_at.is_(None))
    )


def subject_of(invoice: Invoice) -> str:
    return f"invoice:{invoice.stripe_invoice_id}"


def page_of(client: Client, invoice: Invoice) -> JsonObject:
    """The arguments of the page that explains the invoice."""
    return {"client_id": client.id, "stripe_invoice_id": invoice.stripe_invoice_id}
