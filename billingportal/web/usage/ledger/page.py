"""What the ledger's pages show."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import g, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.lists.paging import Page
from billingportal.domain.metering.ledger import listing
from billingportal.domain.metering.ledger.differences import describe
from billingportal.domain.metering.ledger.keys import MOST, DifferenceKey, Scope, find_keys
from billingportal.domain.metering.ledger.listing import LedgerDay, Result, Wanted
from billingportal.limits import page_number, whole_number
from billingportal.models import Client, ClientMeter, Meter, MeterSum, ProcessorAccount
from billingportal.money import Money
from billingportal.web.usage.ledger.cases import Case, case_of

RESULTS: dict[str, Result] = {"differences": "differences", "waiting": "waiting"}
MOST_CASES = 10
# Not billed unless staff acts. What is held back is sent later by itself.
UNBILLED = ("missing", "rejected", "late")


@dataclass(frozen=True)
class MeterLine:
    """`differing` is how many differences of clients there are, as far as they are looked for."""

    meter: Meter
    total: MeterSum
    differing: int


@dataclass(frozen=True)
class Ledger:
    """`of` is how many differences there are. `client`: the page shows the rows of this one alone."""

    lines: list[MeterLine]
    cases: list[Case]
    of: int
    days: Page[LedgerDay]
    wanted: Wanted
    client: Client | None

    @property
    def is_empty(self) -> bool:
        return not self.lines and not self.days.of and not self.of

    @property
    def unbilled(self) -> list[Money]:
        """What is not billed, for each currency; nothing where not all differences are shown."""
        found: dict[str, Money] = {}
        for case in self.cases if self.of == len(self.cases) else ():
            amount = case.difference.amount
            if amount is not None and amount.minor > 0 and case.kind in UNBILLED:
                found[amount.currency] = found.get(amount.currency, Money(0, amount.currency)) + amount
        return list(found.values())

    @property
    def agrees_up_to(self) -> datetime | None:
        known = [line.total.agrees_up_to for line in self.lines]
        return min((one for one in known if one is not None), default=None)


def account_ids(session: Session) -> tuple[int, ...]:
    """All accounts of the mode shown: also a disconnected one has a history."""
    return tuple(session.scalars(select(ProcessorAccount.id).where(ProcessorAccount.mode == g.mode)))


def ledger_of_request(session: Session) -> Ledger:
    accounts = account_ids(session)
    client = session.get(Client, whole_number(request.args.get("client", "")) or 0)
    client = client if client is not None and client.mode == g.mode else None
    scope = Scope(accounts, client.id if client else None)
    keys = find_keys(session, scope)
    lines = meter_lines(session, accounts, keys)
    chosen = {line.meter.stripe_meter_id for line in lines} & {request.args.get("meter")}
    wanted = Wanted(
        scope,
        next(iter(chosen), None),
        RESULTS.get(request.args.get("result", "")),
        page_number(request.args.get("page", "")),
    )
    found = describe(session, keys[:MOST_CASES], now())
    cases = [case_of(session, one, now()) for one in found]
    return Ledger(lines, cases, len(keys), listing.ledger_page(session, wanted), wanted, client)


def meter_lines(session: Session, accounts: tuple[int, ...], keys: Sequence[DifferenceKey]) -> list[MeterLine]:
    rows = session.execute(
        select(Meter, MeterSum)
        .join(
            MeterSum,
            (MeterSum.processor_account_id == Meter.processor_account_id)
            & (MeterSum.stripe_meter_id == Meter.stripe_meter_id),
        )
        .where(Meter.processor_account_id.in_(accounts))
        .order_by(Meter.display_name, Meter.id)
    )
    ids = {key.client_meter_id for key in keys}
    named = select(ClientMeter.id, ClientMeter.stripe_meter_id).where(ClientMeter.id.in_(ids))
    meter_of = dict(session.execute(named).all())
    differing = Counter(meter_of[key.client_meter_id] for key in keys if key.kind not in ("held", "doubt"))
    return [MeterLine(meter, total, differing[meter.stripe_meter_id]) for meter, total in rows]


def more_than(number: int) -> str:
    """The number, or that there are more than are looked for."""
    return f"More than {MOST}" if number > MOST else f"{number:,}"
