"""The limits that a client is near, at or over now: for its own page and for staff."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.limit_notices.client_text import LimitText, client_text
from billingportal.domain.limit_notices.gathering import Reached, gather
from billingportal.domain.limit_notices.staff_text import staff_text
from billingportal.domain.limit_notices.stages import stages_of
from billingportal.domain.limit_notices.uses import ClientUse, Open, open_notices, uses
from billingportal.models import Client, ClientUsage
from billingportal.models.usage.limit_notice import LimitStage

# The most notices that one page shows; the bars below show the rest.
MOST = 3
GRAVITY = {"bad": 0, "warn": 1, "info": 2}


def client_notices(session: Session, client: Client) -> list[LimitText]:
    """What the client reads on its page, the gravest first."""
    facts = gather(session, client, reached_now(session, client))
    return gravest([client_text(one) for one in facts if one.resource.warns_client])


def staff_notices(session: Session, client: Client) -> list[LimitText]:
    """What staff read on the client's page, the gravest first."""
    facts = gather(session, client, reached_now(session, client))
    return gravest([staff_text(one, client.name) for one in facts if one.resource.warns_staff])


def gravest(texts: list[LimitText]) -> list[LimitText]:
    return sorted(texts, key=lambda text: GRAVITY.get(text.severity, len(GRAVITY)))[:MOST]


def reached_now(session: Session, client: Client) -> list[Reached]:
    """The gravest stage of each resource that the client's use is at."""
    rows = select(ClientUsage).where(ClientUsage.client_id == client.id).order_by(ClientUsage.resource_id)
    found = [(one, stages[-1]) for one in uses(session, rows) if (stages := stages_of(one.use))]
    if not found:
        return []
    notices = open_notices(session, [client.id])
    return [Reached(one, stage, noticed_at(notices, one, stage)) for one, stage in found]


def noticed_at(notices: Open, one: ClientUse, stage: LimitStage) -> datetime | None:
    """When the stage was noticed; None in the second before the worker has looked at it."""
    mine = notices.get((one.client.id, one.resource.id), [])
    times = [notice.noticed_at for notice in mine if notice.stage == stage]
    return max(times, default=None)
