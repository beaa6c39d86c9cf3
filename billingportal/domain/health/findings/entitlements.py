"""Findings about what clients may use: the stored entitlement against one that is worked out afresh."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.plurals import counted
from billingportal.domain.entitlements.comparison import Differing, compare_stored
from billingportal.domain.health.findings.check import Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found
from billingportal.domain.health.findings.stored import MOST, stored
from billingportal.models import Client, Resource
from billingportal.models.connection.processor_account import MODES, Mode

KEY = "entitlement.differs"
BATCH = 100
# A client that is due is evaluated within a second. One that is due for longer than this is compared all the same.
SOON = timedelta(minutes=5)


def check_entitlements(surroundings: Surroundings, mode: Mode) -> Result:
    """Work out every client of the mode, a batch in each transaction. Raises CannotCheck while nothing was read."""
    with surroundings.reading() as session:
        found = stored(session, mode)
    if found is None:
        return Result((), now())
    differing: list[Found] = []
    after_id = 0
    while True:
        with surroundings.reading() as session:
            clients = batch(session, mode, after_id)
            differing += compare_each(session, clients, mode)
            after_id = clients[-1].id if clients else after_id
        if len(clients) < BATCH:
            return Result(tuple(differing[:MOST]), found.as_of)


def batch(session: Session, mode: Mode, after_id: int) -> Sequence[Client]:
    """The next clients whose evaluation is not due now: what is due is about to change."""
    moment = now()
    due_at = Client.evaluation_due_at
    return session.scalars(
        select(Client)
        .where(
            Client.mode == mode,
            Client.id > after_id,
            or_(due_at.is_(None), due_at > moment, due_at < moment - SOON),
        )
        .order_by(Client.id)
        .limit(BATCH)
    ).all()


def compare_each(session: Session, clients: Sequence[Client], mode: Mode) -> Iterator[Found]:
    for client in clients:
        differing = compare_stored(session, client)
        if differing is not None:
            yield of_client(session, client, differing, mode)


def of_client(session: Session, client: Client, one: Differing, mode: Mode) -> Found:
    has = one.stored.plan.name if one.stored.plan else "no plan"
    due = one.fresh.plan.name if one.fresh.plan else "no plan"
    is_other = has != due
    title = (
        f"{client.name} can use {has}, but is due {due}" if is_other else f"{client.name} has other limits than {due}"
    )
    if not is_other:
        title = f"{client.name} has other limits than {due} gives"
    label = f"Apply {due}" if is_other else "Work it out again"
    return Found(
        KEY,
        title,
        f"{stake_of(session, one)} No money is owed by this: Stripe charges what was bought.",
        Action(label, "repair", "client.evaluate", {"client_id": client.id}),
        f"client:{client.id}",
        mode,
    )


def stake_of(session: Session, one: Differing) -> str:
    """What the client has instead of what: its access, else its first quota that differs."""
    if one.stored.access != one.fresh.access:
        return f"Its access is {one.stored.access} instead of {one.fresh.access}."
    for resource_id in one.quotas:
        resource = session.get_one(Resource, resource_id)
        stored = next((row.quota for row in one.stored.quotas if row.resource_id == resource_id), 0)
        fresh = one.fresh.quotas.get(resource_id)
        was, is_due = amount(stored, resource), amount(fresh.quota if fresh else 0, resource)
        if was != is_due:
            return f"It has {was} instead of {is_due}."
    return f"Its status is {one.stored.standing} instead of {one.fresh.standing}."


def amount(quota: int | None, resource: Resource) -> str:
    return f"unlimited {resource.unit}" if quota is None else counted(quota, resource.unit)


CHECKS = tuple(
    Check(
        f"entitlements.{mode}",
        "What clients may use is what their plans promise",
        "clients",
        (KEY,),
        900,
        partial(check_entitlements, mode=mode),
        mode,
    )
    for mode in MODES
)
