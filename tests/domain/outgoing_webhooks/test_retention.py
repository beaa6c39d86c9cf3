"""Old messages are deleted in bites, and a queue that loses its first message goes on."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import endpoints, retention
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.models import OutgoingAttempt, OutgoingDelivery, OutgoingMessage
from billingportal.models.auth.staff import Staff
from tests.support.usage.host_platform import HostPlatform, add_endpoint, deliver, pass_time

pytestmark = pytest.mark.usefixtures("session")


@pytest.fixture
def platform() -> Iterator[HostPlatform]:
    with HostPlatform() as running:
        yield running


def tell(number: int) -> None:
    with transaction() as session:
        record_event(session, "test", "limit.reached", None, {"number": number})


def counts(session: Session) -> tuple[int, ...]:
    session.rollback()
    models = (OutgoingMessage, OutgoingDelivery, OutgoingAttempt)
    return tuple(session.scalars(select(func.count()).select_from(model)).one() for model in models)


def prune() -> None:
    has_more = True
    while has_more:
        with transaction() as session:
            has_more = retention.drop_old_messages(session, now())
    with transaction() as session:
        retention.drop_deleted_endpoints(session, now())


def test_messages_are_kept_for_thirty_days(
    session: Session, platform: HostPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BITE", 2)
    add_endpoint(platform.url())
    for number in range(5):
        tell(number)
    deliver()
    pass_time(timedelta(days=29))
    prune()
    assert counts(session) == (5, 5, 5)
    tell(5)
    pass_time(timedelta(days=2))
    prune()
    assert counts(session) == (1, 1, 0)
    deliver()
    assert counts(session) == (1, 1, 1)


def test_a_queue_goes_on_after_its_first_message_is_dropped(
    session: Session, owner: Staff, platform: HostPlatform
) -> None:
    endpoint_id, _ = add_endpoint(platform.url())
    with transaction() as writing:
        endpoints.pause_endpoint(writing, "test", endpoint_id, staff_id=owner.id)
    tell(0)
    pass_time(timedelta(days=31))
    tell(1)
    prune()
    with transaction() as writing:
        endpoints.switch_on(writing, "test", endpoint_id, staff_id=owner.id)
    deliver()
    assert [one.data["number"] for one in platform.arrived] == [1]


def test_a_deleted_address_gets_nothing_and_its_messages_go(
    session: Session, owner: Staff, platform: HostPlatform
) -> None:
    endpoint_id, _ = add_endpoint(platform.url())
    tell(0)
    with transaction() as writing:
        endpoints.delete_endpoint(writing, "test", endpoint_id, staff_id=owner.id)
    tell(1)
    assert deliver() == 0
    prune()
    assert counts(session)[1:] == (0, 0)
    # The same address can be added again.
    add_endpoint(platform.url())
