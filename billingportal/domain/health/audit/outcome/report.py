"""What an audit found, as the command prints it and the page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.health.audit.amounts import INVOICE_AMOUNTS
from billingportal.domain.health.audit.invoice_lines import INVOICE_LINES
from billingportal.domain.health.audit.lost_use import LostUse, lost_use
from billingportal.domain.health.audit.outcome.entries import Count, as_json, counts_of
from billingportal.domain.health.audit.progress import place_of
from billingportal.domain.sync.object_types import (
    CHECKOUT_SESSION,
    CUSTOMER,
    INVOICE,
    INVOICE_PAYMENT,
    METER,
    PRICE,
    PRODUCT,
    SUBSCRIPTION,
    SUBSCRIPTION_SCHEDULE,
)
from billingportal.models import Client, ProcessorAccount, StripeAudit, StripeAuditEntry
from billingportal.models.connection.processor_account import Mode
from billingportal.plain_json import JsonObject

# Rows of the table, in its order, with the object types that each sums up.
ROWS: dict[str, tuple[str, ...]] = {
    "Subscriptions": (SUBSCRIPTION.name, SUBSCRIPTION_SCHEDULE.name),
    "Customers": (CUSTOMER.name,),
    "Invoices, open and last month’s": (INVOICE.name, INVOICE_LINES, INVOICE_AMOUNTS, INVOICE_PAYMENT.name),
    "Prices, products, meters": (PRICE.name, PRODUCT.name, METER.name),
    "Open checkouts": (CHECKOUT_SESSION.name,),
}


@dataclass(frozen=True)
class Entry:
    """A row that differed, with its client's name where it belongs to one."""

    row: StripeAuditEntry
    client: str | None


@dataclass(frozen=True)
class Report:
    """`rows` sum the counts up. `problem`: what could not be read, empty where all was."""

    audit: StripeAudit
    account: str
    mode: Mode
    counts: dict[str, Count]
    lost: LostUse | None

    @property
    def rows(self) -> dict[str, Count]:
        return {words: sum_of(self.counts.get(name, Count()) for name in names) for words, names in ROWS.items()}

    @property
    def total(self) -> Count:
        return sum_of(self.counts.values())

    @property
    def problem(self) -> str:
        return " ".join(filter(None, (self.audit.problem, place_of(self.audit).problem)))

    @property
    def started_at(self) -> datetime:
        return self.audit.started_at

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do: all was read, and what differed was repaired."""
        left = self.total.reported + (self.total.repaired if self.audit.is_dry_run else 0)
        return self.audit.state == "finished" and not left and not self.problem and self.lost is None


def sum_of(counts: Iterable[Count]) -> Count:
    return sum(counts, Count())


def report_of(session: Session, audit: StripeAudit) -> Report:
    account = session.get_one(ProcessorAccount, audit.processor_account_id)
    lost = lost_use(session, audit) if audit.client_id is None and not audit.is_dry_run else None
    return Report(audit, account.display_name, account.mode, counts_of(session, audit), lost)


def entries_of(session: Session, audit: StripeAudit, limit: int | None = None) -> list[Entry]:
    """What differed, the reported ones first."""
    rows = session.execute(
        select(StripeAuditEntry, Client.name)
        .outerjoin(Client, Client.id == StripeAuditEntry.client_id)
        .where(StripeAuditEntry.stripe_audit_id == audit.id)
        .order_by(StripeAuditEntry.result.desc(), StripeAuditEntry.id)
        .limit(limit)
    )
    return [Entry(row, client) for row, client in rows]


def report_json(session: Session, report: Report) -> JsonObject:
    """The report in plain JSON, for programs."""
    lost = report.lost
    return {
        "account": report.account,
        "mode": report.mode,
        "state": report.audit.state,
        "dry_run": report.audit.is_dry_run,
        "started_at": report.audit.started_at.isoformat(),
        "ended_at": report.audit.ended_at.isoformat() if report.audit.ended_at else None,
        "problem": report.problem,
        "done": report.is_done,
        "counts": {name: as_json(count) for name, count in report.counts.items()},
        "entries": [entry_json(entry) for entry in entries_of(session, report.audit)],
        "report_use_again": lost_json(lost) if lost else None,
    }


def entry_json(entry: Entry) -> JsonObject:
    return {
        "type": entry.row.object_type,
        "id": entry.row.stripe_object_id,
        "client_id": entry.row.client_id,
        "client": entry.client,
        "result": entry.row.result,
        "sentence": entry.row.sentence,
        "fields": entry.row.fields,
    }


def lost_json(lost: LostUse) -> JsonObject:
    return {
        "since": lost.since.isoformat(),
        "until": lost.until.isoformat(),
        "at_stripe": [
            {
                "client_id": one.client_id,
                "client": one.client,
                "resource": one.resource,
                "day": one.day.isoformat(),
                "units": one.units,
            }
            for one in lost.at_stripe
        ],
    }
