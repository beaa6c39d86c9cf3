"""While a rehearsal is played, each page and the API are as they were, and no message is written."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from billingportal.clock import now
from billingportal.db import db, transaction
from billingportal.domain.outgoing_webhooks.event_types import CHOICES
from billingportal.domain.rehearsal import play
from billingportal.models import (
    Client,
    ClientCustomer,
    OutgoingEndpoint,
    OutgoingMail,
    OutgoingMessage,
    RehearsalLife,
    Staff,
)
from billingportal.models.rehearsal.visibility import full_transaction
from tests.support.api.callers import Caller, new_key
from tests.support.pages import Visitor
from tests.support.rehearsal import rehearsed
from tests.support.rehearsal.matrix import stock
from tests.support.stripe.worlds import World

# Every page without an id. The rehearsal's own pages show it.
OWN = ("/saas/rehearsals", "/static")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_nothing_shows_it_at_any_step(world: World, staff_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    staff = world.session.get_one(Staff, staff_id)
    plan_id = stock(world, staff).plan("graduated", "metered", ("month",))
    with transaction() as session:
        every = list(CHOICES)
        session.add(
            OutgoingEndpoint(mode="test", url="https://a.example/", events=every, secret_end="abcd", created_at=now())
        )
    visitor = Visitor(world.app, world.app.response_class)
    visitor.become(world.session.get_one(Staff, staff_id))
    api = new_key(world.app, staff_id)
    steps: list[str] = []
    end_step: Callable[..., None] = play.end_step

    def end_and_look(stage: Any, step_id: int, *rest: Any) -> None:
        end_step(stage, step_id, *rest)
        look(visitor, api)
        steps.append(str(step_id))

    monkeypatch.setattr(play, "end_step", end_and_look)
    rehearsed.start(plan_id, is_quick=True, only={("month", "usd")})
    rehearsed.run()
    assert len(steps) > 5
    look(visitor, api)
    with full_transaction() as session:
        assert session.scalars(select(OutgoingMessage)).all() == []
        assert session.scalars(select(OutgoingMail)).all() == []


def look(visitor: Visitor, api: Caller) -> None:
    """No name, address or id of the rehearsal is on a page or in an answer."""
    with full_transaction() as session:
        played = session.scalars(select(Client).where(Client.is_rehearsal)).all()
        words = {
            *(client.name for client in played),
            *(client.email for client in played),
            *session.scalars(select(ClientCustomer.stripe_customer_id)),
            *(one for one in session.scalars(select(RehearsalLife.stripe_test_clock_id)) if one),
        }
    db.session.remove()
    for rule in visitor.application.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith(OWN):
            text = visitor.get(rule.rule).get_data(as_text=True)
            assert [word for word in words if word in text] == [], rule.rule
    for path in ("/clients", "/workspaces", "/usage", "/usage/records"):
        text = str(api.get(path).json)
        assert [word for word in words if word in text] == [], path
