"""Messages reach a real receiver, whatever it does: none is lost, and each client's come in order."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from billingportal.clock import now
from billingportal.db import transaction
from billingportal.domain.outgoing_webhooks import endpoints, messages, queue
from billingportal.domain.outgoing_webhooks.events import record_event
from billingportal.domain.outgoing_webhooks.http.requests import Outcome
from billingportal.domain.outgoing_webhooks.outcomes import store_outcome
from billingportal.domain.outgoing_webhooks.queue import LEASE
from billingportal.domain.outgoing_webhooks.retries import PAUSES
from billingportal.domain.outgoing_webhooks.signatures import signed_headers
from billingportal.models import OutgoingAttempt, OutgoingDelivery, OutgoingEndpoint
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.people.clients import new_client
from tests.support.usage.host_platform import HostPlatform, add_endpoint, deliver, free_port, pass_time, quick

pytestmark = pytest.mark.usefixtures("session", "owner")
ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def platform() -> Iterator[HostPlatform]:
    with HostPlatform() as running:
        yield running


def tell(client_id: int | None, number: int = 1, event_type: str = "limit.reached") -> None:
    with transaction() as session:
        record_event(session, "test", event_type, client_id, {"client": f"cl_{client_id}", "number": number})


def numbers(platform: HostPlatform, client_id: int) -> list[object]:
    return [one.data["number"] for one in platform.arrived if one.data["client"] == f"cl_{client_id}"]


def states(session: Session) -> list[tuple[str, int]]:
    session.rollback()
    rows = session.execute(select(OutgoingDelivery.state, OutgoingDelivery.attempts).order_by(OutgoingDelivery.id))
    return [(state, attempts) for state, attempts in rows]


def endpoint_of(session: Session) -> OutgoingEndpoint:
    session.rollback()
    return session.scalars(select(OutgoingEndpoint)).one()


def last_attempt(session: Session) -> OutgoingAttempt:
    session.rollback()
    return session.scalars(select(OutgoingAttempt).order_by(OutgoingAttempt.id.desc()).limit(1)).one()


def test_a_message_arrives_once_and_is_verified_with_the_secret(session: Session, platform: HostPlatform) -> None:
    _, secret = add_endpoint(platform.url())
    client_id = new_client("Zahnärzte “Süd” 🦷")
    assert (deliver(), deliver()) == (1, 0)
    (arrival,) = platform.arrived
    arrival.verify(secret)
    assert arrival.headers["content-type"] == "application/json"
    assert sorted(arrival.document) == ["data", "timestamp", "type"]
    assert arrival.document["type"] == "client.created"
    assert (arrival.data["client"], arrival.data["name"]) == (f"cl_{client_id}", "Zahnärzte “Süd” 🦷")
    assert states(session) == [("taken", 1)]
    with pytest.raises(WebhookVerificationError):
        arrival.verify("whsec_" + "AAAA" * 8)
    assert secret[6:] not in str(endpoint_of(session).secret_sealed)


def test_an_event_is_as_lasting_as_its_transaction_and_goes_to_whoever_chose_it(
    session: Session, platform: HostPlatform
) -> None:
    add_endpoint(platform.url(path="/limits"), "limit.reached")
    add_endpoint(platform.url(path="/all"))
    with contextlib.suppress(ZeroDivisionError), transaction() as writing:
        record_event(writing, "test", "limit.reached", None, {})
        raise ZeroDivisionError
    with transaction() as writing:
        record_event(writing, "live", "limit.reached", None, {"client": None})
    tell(None)
    tell(None, 2, "limit.warning")
    deliver()
    assert sorted(one.path for one in platform.arrived) == ["/all", "/all", "/limits"]


def test_during_a_rotation_both_secrets_verify_and_afterwards_the_new_one_alone(
    session: Session, owner: Staff, platform: HostPlatform
) -> None:
    endpoint_id, old = add_endpoint(platform.url())
    with transaction() as writing:
        end = writing.get_one(OutgoingEndpoint, endpoint_id).secret_end
        vault = current_portal().vault
        _, new = endpoints.rotate_secret(writing, vault, "test", endpoint_id, secret_end=end, staff_id=owner.id)
    tell(None)
    deliver()
    for secret in (old, new):
        platform.arrived[0].verify(secret)
    pass_time(timedelta(hours=24))
    tell(None, 2)
    deliver()
    platform.arrived[1].verify(new)
    with pytest.raises(WebhookVerificationError):
        platform.arrived[1].verify(old)


def test_each_client_keeps_its_order_while_the_others_do_not_wait(session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url(), "limit.reached")
    stuck, other = new_client("Stuck"), new_client("Other")
    platform.answers_by_client = {f"cl_{stuck}": 500}
    for number in range(3):
        tell(stuck, number)
        tell(other, number)
    deliver()
    assert numbers(platform, other) == [0, 1, 2]
    assert numbers(platform, stuck) == [0]
    platform.answers_by_client = {}
    pass_time(timedelta(seconds=6))
    deliver()
    assert numbers(platform, stuck) == [0, 0, 1, 2]
    assert states(session) == [("taken", 2), ("taken", 1), ("taken", 1), ("taken", 1), ("taken", 1), ("taken", 1)]
    first, second = [one for one in platform.arrived if one.data["client"] == f"cl_{stuck}"][:2]
    assert first.webhook_id == second.webhook_id
    assert first.body == second.body


def test_a_receiver_that_is_down_for_a_day_gets_everything_in_order_soon_after(
    session: Session, platform: HostPlatform
) -> None:
    """The one client waits 20 hours for its next attempt; the first message that is taken wakes it."""
    add_endpoint(f"http://127.0.0.1:{free_port()}/hooks", "limit.reached")
    first, second = new_client("First"), new_client("Second")
    for number in range(3):
        tell(first, number)
    for hours in (0, 1, 2, 5, 8, 8):
        pass_time(timedelta(hours=hours))
        deliver()
        tell(second, hours)
    assert "taken" not in {state for state, _ in states(session)}
    assert last_attempt(session).problem == "Connection refused"
    assert endpoint_of(session).state == "on"
    with transaction() as writing:
        writing.scalars(select(OutgoingEndpoint)).one().url = platform.url()
    # Only the second client's message is due now.
    with transaction() as writing:
        moment = now()
        head = select(func.min(OutgoingDelivery.id)).where(OutgoingDelivery.client_id == second)
        writing.get_one(OutgoingDelivery, writing.scalars(head).one()).next_attempt_at = moment
    deliver()
    assert numbers(platform, first) == [0, 1, 2]
    assert numbers(platform, second) == [0, 1, 2, 5, 8, 8]
    assert endpoint_of(session).failing_since is None


def test_the_schedule_of_attempts_ends_in_setting_aside_and_the_next_one_goes_on(
    session: Session, platform: HostPlatform
) -> None:
    """Other clients' messages are taken all the time, so the address itself stays on."""
    add_endpoint(platform.url(), "limit.reached")
    stuck, other = new_client("Stuck"), new_client("Other")
    platform.answers_by_client = {f"cl_{stuck}": 500}
    tell(stuck, 1)
    deliver()
    for attempts, pause in enumerate(PAUSES, 1):
        session.rollback()
        delivery = session.get_one(OutgoingDelivery, 1)
        assert (delivery.state, delivery.attempts) == ("waiting", attempts)
        assert delivery.next_attempt_at is not None
        early = delivery.next_attempt_at - now()
        assert pause - timedelta(seconds=5) < early < pause * 1.1
        tell(other, attempts)
        deliver()
        pass_time(pause * 1.1)
        deliver()
    tell(stuck, 2)
    assert states(session)[0] == ("set_aside", 10)
    platform.answers_by_client = {}
    deliver()
    assert numbers(platform, stuck) == [1] * 10 + [2]
    assert endpoint_of(session).state == "on"


def test_an_address_that_took_nothing_for_three_days_is_switched_off_and_caught_up(
    session: Session, owner: Staff, platform: HostPlatform
) -> None:
    endpoint_id, _ = add_endpoint(platform.url(), "limit.reached")
    client_id = new_client()
    platform.usually = 503
    tell(client_id, 0)
    deliver()
    for pause in PAUSES:
        pass_time(pause * 1.1)
        deliver()
    endpoint = endpoint_of(session)
    assert (endpoint.state, endpoint.off_reason, endpoint.last_problem) == ("off", "failing", "503")
    tell(client_id, 1)
    assert deliver() == 0
    assert [state for state, _ in states(session)] == ["waiting", "waiting"]
    platform.usually = 200
    with transaction() as writing:
        endpoints.switch_on(writing, "test", endpoint_id, staff_id=owner.id)
    deliver()
    assert numbers(platform, client_id)[-2:] == [0, 1]
    assert {state for state, _ in states(session)} == {"taken"}


def test_one_failed_test_does_not_switch_an_idle_address_off(session: Session, platform: HostPlatform) -> None:
    endpoint_id, _ = add_endpoint(platform.url())
    platform.usually = 500
    with transaction() as writing:
        messages.send_test(writing, writing.get_one(OutgoingEndpoint, endpoint_id), "Mara")
    deliver()
    assert states(session) == [("set_aside", 1)]
    pass_time(timedelta(days=4))
    assert endpoint_of(session).state == "on"


def test_410_switches_the_address_off_and_loses_nothing(session: Session, owner: Staff, platform: HostPlatform) -> None:
    endpoint_id, _ = add_endpoint(platform.url(), "limit.reached")
    platform.behaviours = [410]
    tell(None, 1)
    tell(None, 2)
    deliver()
    endpoint = endpoint_of(session)
    assert (endpoint.state, endpoint.off_reason) == ("off", "gone")
    assert len(platform.arrived) == 1
    with transaction() as writing:
        endpoints.switch_on(writing, "test", endpoint_id, staff_id=owner.id)
    pass_time(LEASE)
    deliver()
    assert [one.data["number"] for one in platform.arrived] == [1, 1, 2]


def test_while_paused_messages_wait(session: Session, owner: Staff, platform: HostPlatform) -> None:
    endpoint_id, _ = add_endpoint(platform.url(), "limit.reached")
    with transaction() as writing:
        endpoints.pause_endpoint(writing, "test", endpoint_id, staff_id=owner.id)
    tell(None)
    assert deliver() == 0
    pass_time(timedelta(days=5))
    with transaction() as writing:
        endpoints.switch_on(writing, "test", endpoint_id, staff_id=owner.id)
    assert deliver() == 1
    assert endpoint_of(session).state == "on"


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (500, 500, "500"),
        (404, 404, "404"),
        (302, 302, "302, not followed"),
        (308, 308, "308, not followed"),
        ("garbage", None, "The answer is not HTTP"),
        ("hang_up", None, "The connection was closed without an answer"),
        ("drip", None, "No answer within 10 s"),
        ("endless_100", None, "No answer within 10 s"),
        ("large", 500, "500"),
    ],
)
@ONE_DATABASE
def test_every_failure_is_stored_in_words_and_no_redirect_is_followed(
    session: Session, platform: HostPlatform, behaviour: int | str, status: int | None, words: str
) -> None:
    add_endpoint(platform.url(), "limit.reached")
    platform.usually = behaviour  # type: ignore[assignment]
    tell(None)
    deliver(quick(0.5))
    attempt = last_attempt(session)
    assert (attempt.status, attempt.problem) == (status, words)
    assert len(attempt.answer) <= 1024
    assert {one.path for one in platform.arrived} == {"/hooks"}
    assert states(session) == [("waiting", 1)]


@ONE_DATABASE
def test_the_status_counts_even_if_the_body_never_ends(session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url(), "limit.reached")
    platform.usually = "drip_body"
    tell(None)
    deliver(quick(0.5))
    assert states(session) == [("taken", 1)]
    assert set(last_attempt(session).answer) == {"y"}


def test_a_slow_address_holds_up_no_other(session: Session, platform: HostPlatform) -> None:
    """The slow receiver answers only once the quick one has everything."""
    with HostPlatform() as slow:
        slow.usually = "drip"
        add_endpoint(slow.url(), "limit.reached")
        add_endpoint(platform.url(), "limit.reached")
        for number in range(8):
            tell(None, number)
        deliver(quick(1))
    assert [one.data["number"] for one in platform.arrived] == list(range(8))


def test_two_workers_send_each_message_once_and_in_order(app: Flask, session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url(), "limit.reached")
    clients = [new_client(f"Client {number}") for number in range(3)]
    for number in range(5):
        for client_id in clients:
            tell(client_id, number)

    def work() -> None:
        with app.app_context():
            deliver()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver()
    for client_id in clients:
        assert numbers(platform, client_id) == list(range(5))
    assert {state for state, _ in states(session)} == {"taken"}


def test_a_worker_that_dies_after_claiming_loses_nothing(session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url(), "limit.reached")
    tell(None, 1)
    tell(None, 2)
    with transaction() as writing:
        (claimed,) = queue.claim_due(writing, current_portal().vault, now(), {})
    assert deliver() == 0
    pass_time(LEASE)
    assert deliver() == 2
    assert claimed.request is not None
    assert platform.arrived[0].webhook_id == claimed.request.headers["webhook-id"]
    # The first worker was only slow: its outcome changes nothing any more.
    with transaction() as writing:
        store_outcome(writing, claimed, Outcome(500, "500"), now())
    assert states(session) == [("taken", 1), ("taken", 1)]


def test_a_message_written_while_the_one_before_is_finished_is_not_forgotten(
    app: Flask, session: Session, platform: HostPlatform
) -> None:
    """The writer sees the one before as waiting, the worker does not see the new one yet."""
    add_endpoint(platform.url(), "limit.reached")
    tell(None, 0)
    for number in range(1, 30):
        writer = threading.Thread(target=told_in, args=(app, number))
        writer.start()
        deliver()
        writer.join()
    deliver()
    assert [one.data["number"] for one in platform.arrived] == list(range(30))


def told_in(app: Flask, number: int) -> None:
    with app.app_context():
        tell(None, number)


def test_a_secret_that_cannot_be_opened_is_said_and_sends_nothing(session: Session, platform: HostPlatform) -> None:
    add_endpoint(platform.url(), "limit.reached")
    with transaction() as writing:
        writing.scalars(select(OutgoingEndpoint)).one().secret_sealed = "sealed with a key that is gone"
    tell(None)
    deliver()
    assert "Rotate it" in last_attempt(session).problem
    assert platform.arrived == []


def test_signatures_are_those_of_the_specification() -> None:
    """The example of the specification's own tests."""
    moment = now()
    headers = signed_headers(("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",), "msg_1", moment, '{"test": 2432232314}')
    assert Webhook("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").verify('{"test": 2432232314}', headers) == {"test": 2432232314}
