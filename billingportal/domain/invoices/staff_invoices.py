"""A client's invoices as staff see them: with all disputes and refunds, failed ones included."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.common.status_text import StatusText
from billingportal.domain.invoices import client_invoices, disputes
from billingportal.domain.invoices.client_invoices import InvoiceRow
from billingportal.models import ClientCustomer, Invoice


@dataclass(frozen=True)
class InvoicePage:
    """Some invoices, newest first; `troubles`: disputes and refunds by row id. `older_than` leads to the next page."""

    rows: list[InvoiceRow]
    troubles: dict[int, list[StatusText]]
    older_than: int | None


def invoice_page(
    session: Session, link: ClientCustomer | None, moment: datetime, before_id: int | None = None
) -> InvoicePage:
    """The newest invoices, or those before `before_id`."""
    found = client_invoices.rows(session, link, moment, before_id)
    shown = found[: client_invoices.PAGE]
    troubles = troubles_of(session, link, shown) if link is not None and shown else {}
    return InvoicePage(shown, troubles, shown[-1].id if len(found) > len(shown) else None)


def troubles_of(session: Session, link: ClientCustomer, rows: list[InvoiceRow]) -> dict[int, list[StatusText]]:
    shown = session.scalars(select(Invoice).where(Invoice.id.in_([row.id for row in rows])))
    row_ids = {one.stripe_invoice_id: one.id for one in shown}
    told = disputes.of_invoices(session, link.processor_account_id, list(row_ids))
    return {row_ids[invoice_id]: troubles for invoice_id, troubles in told.items()}
