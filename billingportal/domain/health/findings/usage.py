"""Findings about use: what Stripe has of it against what was counted here, from the ledger; and the partner's pools."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.stored import stored
from billingportal.domain.metering.ledger.differences import Difference, describe
from billingportal.domain.metering.ledger.keys import Kind, Scope, find_keys
from billingportal.models import Client, MeterSum, ProcessorAccount, Resource, UsageCorrection, UsagePool
from billingportal.models.connection.processor_account import MODES, Mode
from billingportal.money import Money

KEY_OF_KIND: dict[Kind, str] = {
    "missing": "ledger.less",
    "more": "ledger.more",
    "rejected": "usage.rejected",
    "held": "usage.waiting",
    "late": "usage.too_late",
}
TITLES = {
    "ledger.less": "Stripe has {units} less of {client} than were sent",
    "ledger.more": "Stripe has {units} more of {client} than were sent",
    "usage.rejected": "Stripe rejected {units} of {client}",
    "usage.waiting": "{units} of {client} wait for a subscription",
    "usage.too_late": "{units} of {client} came after the invoice was final",
}
MEANINGS = {
    "ledger.less": "{client} is charged {amount} too little for {day}.",
    "ledger.more": "{client} is charged {amount} too much for {day}.",
    "usage.rejected": "{amount} for {day} is not charged. {problem}",
    "usage.waiting": "{amount} is not charged before {client} has a subscription with this price.",
    "usage.too_late": "{amount} for {day} is on no invoice.",
}
KEYS = (*KEY_OF_KIND.values(), "usage.recount_healed", "pool.near")
# Corrections of the recount are told for this long.
HEALED = timedelta(days=1)
NEAR_PERCENT = 80


def check_usage(surroundings: Surroundings, mode: Mode) -> Result:
    """Raises CannotCheck while the account has not been read."""
    with surroundings.reading() as session:
        found = stored(session, mode)
        if found is None:
            return Result((), now())
        account = found.account
        differing = describe(session, find_keys(session, Scope((account.id,))), now())
        compared = session.scalar(
            select(func.min(MeterSum.agrees_up_to)).where(MeterSum.processor_account_id == account.id)
        )
        return Result(
            (
                *(of_difference(one, mode) for one in differing if is_told(one)),
                *healed(session, mode),
                *pools(session, account),
            ),
            min(found.as_of, compared or found.as_of),
        )


def is_told(one: Difference) -> bool:
    return one.key.kind in KEY_OF_KIND


def of_difference(one: Difference, mode: Mode) -> Found:
    key, row = KEY_OF_KIND[one.key.kind], one.owner.row
    words = {
        "units": counted(one.units, one.owner.resource.unit),
        "client": one.owner.client.name,
        "amount": amount_words(one.amount),
        "day": f"{one.key.day:%d %B %Y}".lstrip("0"),
        "problem": one.key.problem,
    }
    return Found(
        key,
        TITLES[key].format(**words),
        MEANINGS[key].format(**words).strip(),
        Action("Compare the day", "page", "ledger.day", {"row_id": row.id, "day": one.key.day.isoformat()}),
        f"meter_day:{row.id}:{one.key.day.isoformat()}:{one.key.period_starts_at.isoformat()}",
        mode,
    )


def amount_words(amount: Money | None) -> str:
    return "An amount that no price says" if amount is None else str(Money(abs(amount.minor), amount.currency))


def healed(session: Session, mode: Mode) -> Iterator[Found]:
    """What the recount corrected within a day."""
    number = session.scalar(
        select(func.count(UsageCorrection.id))
        .join(Client, Client.id == UsageCorrection.client_id)
        .where(Client.mode == mode, UsageCorrection.found_at > now() - HEALED)
    )
    if number:
        yield Found(
            "usage.recount_healed",
            f"The recount corrected {counted(number, 'totals')} of use",
            "They say now what the records add up to. What was billed by them is sent to Stripe as a correction.",
            Action("Look at the use", "page", "usage"),
            "",
            mode,
        )


def pools(session: Session, account: ProcessorAccount) -> Iterator[Found]:
    """Pools of which most is used or reserved."""
    rows = session.execute(
        select(UsagePool, Resource)
        .join(Resource, Resource.id == UsagePool.resource_id)
        .where(UsagePool.mode == account.mode, UsagePool.ceiling > 0)
        .order_by(Resource.position, Resource.id)
    )
    for pool, resource in rows:
        taken = pool.used + pool.reserved
        percent = 100 * taken // pool.ceiling
        if percent >= NEAR_PERCENT:
            yield Found(
                "pool.near",
                f"{percent} % of your {resource.name} are used",
                f"{taken:,} of {counted(pool.ceiling, resource.unit)}. Beyond the ceiling no client gets any more.",
                Action("Look at the use", "page", "usage.resource", {"key": resource.key}),
                f"resource:{resource.id}:{account.mode}",
                account.mode,
            )


CHECKS = tuple(
    Check(
        f"usage.{mode}",
        "Stripe has the use that was counted here, once",
        "usage",
        KEYS,
        60,
        partial(check_usage, mode=mode),
        mode,
    )
    for mode in MODES
)
