"""Findings about rehearsals: plans that failed or changed since, and test clocks that stayed at Stripe."""

from collections.abc import Iterator

from billingportal.clock import now
from billingportal.domain.common.dates import day
from billingportal.domain.common.plurals import counted
from billingportal.domain.connection.processor_accounts import connected, gateway_of
from billingportal.domain.health.findings.check import CannotCheck, Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.rehearsal import cleanup
from billingportal.domain.rehearsal.report.changed_since import PlanRehearsed, changes_since
from billingportal.models import ProcessorAccount
from billingportal.stripe_gateway.errors import StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.vault import CannotOpen

KEYS = ("rehearsal.changed_since", "rehearsal.red")
# The most changes that one finding names.
MOST_CHANGES = 3


def check_rehearsals(surroundings: Surroundings) -> Result:
    """Plans that were never rehearsed are no finding: the checklist asks for that."""
    with surroundings.reading() as session:
        account = connected(session, "test")
        plans = changes_since(session, account.id).values() if account is not None else ()
        return Result(tuple(one for plan in plans for one in of_plan(plan)), now())


def of_plan(plan: PlanRehearsed) -> Iterator[Found]:
    """A plan that failed last is not also named as changed: it has to be rehearsed again anyway."""
    if plan.last is None:
        return
    when = day(plan.last.ended_at)
    if plan.last.verdict == "failed":
        see = Action("See the difference", "page", "rehearsal", {"rehearsal_id": plan.last.rehearsal_id})
        meaning = (
            f"On {when} Stripe did something else than {plan.name} promises. Clients would be charged or served so."
        )
        yield Found("rehearsal.red", f"{plan.name} failed its rehearsal", meaning, see, f"plan:{plan.plan_id}", "test")
    elif plan.changes and plan.passed is not None:
        named = ". ".join(change.words for change in plan.changes[:MOST_CHANGES])
        more = f". And {len(plan.changes) - MOST_CHANGES} more" if len(plan.changes) > MOST_CHANGES else ""
        meaning = f"{named}{more}. What was proven on {day(plan.passed.ended_at)} says nothing about that."
        title = f"{plan.name} changed since its last rehearsal"
        again = Action("Rehearse again", "page", "rehearsals")
        yield Found("rehearsal.changed_since", title, meaning, again, f"plan:{plan.plan_id}", "test")


def check_clocks(surroundings: Surroundings) -> Result:
    """Raises CannotCheck when Stripe cannot be asked."""
    with surroundings.reading() as session:
        account = connected(session, "test")
        if account is None or account.id not in cleanup.accounts_to_search(session):
            return Result((), now())
        gateway = open_account(surroundings, account)
    started_at = now()
    try:
        left = cleanup.left_behind(gateway)
    except StripeProblem as problem:
        raise CannotCheck(problem.message) from None
    if not left:
        return Result((), started_at)
    title = f"{counted(len(left), 'test clocks')} of rehearsals stayed at Stripe"
    meaning = "Nobody is charged: they are test customers, which no page shows. Stripe deletes them after 30 days."
    delete = Action("Delete them", "repair", "clocks.delete", {"account_id": account.id})
    return Result((Found("clocks.left_behind", title, meaning, delete, mode="test"),), started_at)


def open_account(surroundings: Surroundings, account: ProcessorAccount) -> StripeGateway:
    """Raises CannotCheck when the key cannot be opened."""
    try:
        return gateway_of(account, surroundings.vault, surroundings.open_gateway)
    except CannotOpen as problem:
        raise CannotCheck(str(problem)) from None


CHECKS = (
    Check("rehearsals", "Rehearsed plans are as they were proven", "plans", KEYS, 60, check_rehearsals, "test"),
    Check(
        "clocks",
        "No test clock of a rehearsal stayed at Stripe",
        "plans",
        ("clocks.left_behind",),
        3600,
        check_clocks,
        "test",
    ),
)
