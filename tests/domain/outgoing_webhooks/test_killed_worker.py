"""The worker is killed while a message is on its way: nothing is lost, and the receiver can tell the second copy."""

from dataclasses import replace

from sqlalchemy import select

from billingportal.config import Settings
from billingportal.db import db, transaction
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.domain.outgoing_webhooks.queue import LEASE
from billingportal.models import OutgoingDelivery
from tests.support.parts import SECRET_KEYS, Part, portal_of
from tests.support.program import wait_until
from tests.support.usage.host_platform import HostPlatform, add_endpoint, deliver, pass_time


def test_a_killed_worker_loses_nothing(settings: Settings) -> None:
    own = replace(settings, secret_keys=SECRET_KEYS, allows_private_webhooks=True)
    with portal_of(own), HostPlatform() as platform:
        _, secret = add_endpoint(platform.url(), "limit.reached")
        for number in range(3):
            with transaction() as session:
                record_event(session, "test", "limit.reached", None, {"number": number})
        platform.behaviours = [200, "drip"]
        with Part(own, "worker"):
            wait_until(lambda: len(platform.arrived) == 2, "the second message on its way")
        platform.released.set()

        pass_time(LEASE)
        deliver()

        assert [one.data["number"] for one in platform.arrived] == [0, 1, 1, 2]
        assert platform.arrived[1].webhook_id == platform.arrived[2].webhook_id
        for arrival in platform.arrived:
            arrival.verify(secret)
        session = db.session()
        session.rollback()
        assert set(session.scalars(select(OutgoingDelivery.state))) == {"taken"}
