"""Explains an invoice: for each line its price, its period, the steps to its amount, and the use behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.invoices.lines import lines_of
from billingportal.domain.metering.explained.blocks import Block, blocks, total_quantity
from billingportal.domain.metering.explained.charged_units import charged_units
from billingportal.domain.metering.explained.counted_use import CountedUse, WorkspaceUse, counted_use
from billingportal.domain.metering.explained.late_use import LateUse, late_use
from billingportal.domain.metering.explained.shares import shares
from billingportal.domain.metering.explained.sums import Sums, sums
from billingportal.domain.metering.explained.windows import Window, window_of
from billingportal.domain.prices.pricing import Line, amount, lines
from billingportal.domain.subscriptions import client_clock
from billingportal.models import Client, ClientCustomer, Invoice, InvoiceLine, Price, Product, Subscription
from billingportal.money import Money

# The most workspaces that are listed; the others are summed up.
MOST_WORKSPACES = 50


@dataclass(frozen=True)
class WorkspaceShare:
    """`others`: how many workspaces are summed up in this row. `percent` and `amount` are in proportion to `used`."""

    use: WorkspaceUse
    percent: int
    amount: Money
    others: int = 0


@dataclass(frozen=True)
class ExplainedLine:
    """`use` None: nothing here counts what this meter bills, or the price bills no use. `window`: when it was used."""

    block: Block
    window: Window | None = None
    use: CountedUse | None = None
    late: Sequence[LateUse] = ()

    @cached_property
    def units(self) -> Decimal | None:
        """The units that Stripe charged, where its lines tell them."""
        return charged_units(self.block, self.use.total if self.use else None)

    @cached_property
    def steps(self) -> tuple[Line, ...]:
        """From units to Stripe's amount, as the calculator computes it; empty where Stripe's own lines have to do."""
        if self.block.terms is None or self.units is None or self.block.kind not in ("usage", "licensed"):
            return ()
        return lines(self.block.terms, self.units)

    @property
    def counted(self) -> Decimal | None:
        """The units counted here; of a price that bills no use, those that were bought."""
        if self.use is not None:
            return Decimal(self.use.total)
        if self.block.kind == "licensed" and self.units is None:
            return total_quantity(self.block.lines[:1])
        return self.units

    @cached_property
    def ours(self) -> Money | None:
        """The price at the units counted here; None where there is nothing to compare."""
        if self.block.terms is None or self.counted is None or self.block.kind not in ("usage", "licensed"):
            return None
        return amount(self.block.terms, max(self.counted, Decimal(0)))

    @property
    def difference(self) -> Money | None:
        """What Stripe charged less (or, below zero, more) than the use counted here."""
        return None if self.ours is None else self.ours + Money(-self.block.amount.minor, self.block.currency)

    @property
    def missing_units(self) -> Decimal | None:
        """Units counted here beyond those that Stripe charged."""
        return None if self.use is None or self.units is None else self.use.total - self.units

    @property
    def is_explained(self) -> bool:
        """Whether what came too late is the whole difference."""
        if self.block.terms is None or self.use is None or self.window is None or not self.late:
            return False
        late = sum(one.units for one in self.late)
        if self.window.is_level:
            return late == self.use.total
        in_time = Decimal(self.use.total - late)
        return in_time >= 0 and amount(self.block.terms, in_time) == self.block.amount

    @cached_property
    def by_workspace(self) -> list[WorkspaceShare]:
        """The line's amount in proportion to units: percents and amounts sum exactly to 100 and to the amount."""
        found = list(self.use.workspaces) if self.use else []
        rest = found[MOST_WORKSPACES:]
        if len(rest) > 1:
            found = [*found[:MOST_WORKSPACES], WorkspaceUse(None, sum(one.used for one in rest))]
        weights = [one.used for one in found]
        parts = zip(found, shares(100, weights), shares(self.block.amount.minor, weights), strict=True)
        others = len(rest) if len(rest) > 1 else 0
        return [
            WorkspaceShare(use, percent, Money(minor, self.block.currency), others if place == MOST_WORKSPACES else 0)
            for place, (use, percent, minor) in enumerate(parts)
        ]


@dataclass(frozen=True)
class Explanation:
    """`lines` are empty while they are not read."""

    invoice: Invoice
    lines: Sequence[ExplainedLine]
    sums: Sums

    @property
    def is_whole(self) -> bool:
        """Whether the lines come to the invoice's total: they may be older than its last change."""
        return self.sums.total.minor == self.invoice.total_minor

    @property
    def compared(self) -> list[ExplainedLine]:
        return [line for line in self.lines if line.difference is not None]

    @property
    def difference(self) -> Money:
        """What Stripe charged less than was counted, over all lines that can be compared."""
        minor = sum(line.difference.minor for line in self.compared if line.difference is not None)
        return Money(minor, self.invoice.currency)

    @property
    def is_equal(self) -> bool:
        return all(line.difference is not None and not line.difference.minor for line in self.compared)


def explain(session: Session, invoice: Invoice) -> Explanation:
    """The explanation of an invoice by its stored lines. The number of queries depends on its metered prices only."""
    stored = lines_of(session, invoice)
    client = client_of(session, invoice)
    moment = client_clock.moment_of(session, client) if client else invoice.created_at
    found = free_in_trial(session, invoice, blocks(stored, invoice.currency, *names_of(session, invoice, stored)))
    explained = [explained_line(session, invoice, client, block, moment) for block in found]
    return Explanation(invoice, explained, sums(stored, invoice.currency))


def free_in_trial(session: Session, invoice: Invoice, found: Sequence[Block]) -> list[Block]:
    """What was used in a trial is free."""
    if not any(block.kind == "usage" and not block.amount.minor for block in found):
        return list(found)
    trial_ends_at = session.scalar(
        select(Subscription.trial_ends_at).where(
            Subscription.processor_account_id == invoice.processor_account_id,
            Subscription.stripe_subscription_id == invoice.stripe_subscription_id,
        )
    )
    return [
        replace(block, kind="trial")
        if block.kind == "usage" and not block.amount.minor and trial_ends_at and block.ends_at <= trial_ends_at
        else block
        for block in found
    ]


def explained_line(
    session: Session, invoice: Invoice, client: Client | None, block: Block, moment: datetime
) -> ExplainedLine:
    window = window_of(session, client.id, invoice, block) if client and block.kind == "usage" else None
    if window is None:
        return ExplainedLine(block)
    return ExplainedLine(block, window, counted_use(session, window, moment), late_use(session, window))


def client_of(session: Session, invoice: Invoice) -> Client | None:
    return session.scalar(
        select(Client)
        .join(ClientCustomer, ClientCustomer.client_id == Client.id)
        .where(
            ClientCustomer.processor_account_id == invoice.processor_account_id,
            ClientCustomer.stripe_customer_id == invoice.stripe_customer_id,
        )
    )


def names_of(
    session: Session, invoice: Invoice, stored: Sequence[InvoiceLine]
) -> tuple[dict[str, Price], dict[str, str]]:
    """The stored prices of the lines, by id, and the names of their products, by id."""
    account_id = invoice.processor_account_id
    ids = {line.stripe_price_id for line in stored if line.stripe_price_id}
    prices = session.scalars(
        select(Price).where(Price.processor_account_id == account_id, Price.stripe_price_id.in_(ids))
    ).all()
    wanted = {one.stripe_product_id for one in prices} | {line.stripe_product_id for line in stored}
    products = session.execute(
        select(Product.stripe_product_id, Product.name).where(
            Product.processor_account_id == account_id, Product.stripe_product_id.in_(wanted - {None})
        )
    )
    return {one.stripe_price_id: one for one in prices}, {row.stripe_product_id: row.name for row in products}
