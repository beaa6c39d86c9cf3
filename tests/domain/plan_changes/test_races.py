"""Two tabs and a double click at the very same moment end in one change, paid once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from billingportal.db import db
from billingportal.domain.plan_changes.previews import Preview
from billingportal.errors import PortalError
from billingportal.models import PlanChange
from billingportal.models.auth.staff import Staff
from tests.support.people.plan_changes import confirm, look
from tests.support.people.stores import Store, open_store
from tests.support.stripe.worlds import World

TABS = 4


@pytest.fixture
def store(world: World, owner: Staff) -> Store:
    world.connect()
    world.work()
    return open_store(world.app, world.sandbox.client(world.stripe_account.test_key), owner.id)


@pytest.mark.parametrize("is_same_preview", [True, False])
def test_tabs_that_confirm_at_once_make_one_change(store: Store, is_same_preview: bool) -> None:
    client = store.subscribe(store.starter)
    first = look(client.client_id, store.growth)
    shown = [first if is_same_preview else look(client.client_id, store.growth) for _ in range(TABS)]
    start = Barrier(TABS)

    def press(preview: Preview) -> None:
        with store.app.app_context():
            start.wait(timeout=20)
            try:
                confirm(client.client_id, preview)
            except PortalError:
                return  # the other tab was faster, and this one says so
            finally:
                db.session.remove()

    with ThreadPoolExecutor(TABS) as tabs:
        list(tabs.map(press, shown))

    session = db.session()
    session.rollback()
    assert [move.state for move in session.query(PlanChange)] == ["done"]
    assert len(store.invoices(client)) == 2
