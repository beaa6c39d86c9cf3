"""A record is taken once for ever; what is wrong with one costs the others nothing."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import bare_transaction, transaction
from billingportal.domain.clients import workspaces
from billingportal.domain.common.audit import by_staff
from billingportal.domain.common.references import Ref
from billingportal.domain.usage import totals as usage_totals
from billingportal.domain.usage.records import take_records
from billingportal.domain.usage.reports import Report, Taken
from billingportal.models import Client, Entitlement
from tests.domain.usage.conftest import Harbor, workspace_id
from tests.support.usage.ledger import expected_ledger, stored_ledger
from tests.support.usage.reports import level, quantity, results


def take(*reports: Report) -> list[Taken]:
    with bare_transaction() as connection:
        return take_records(connection, "live", reports)


def whole(key: str, client: str, resource: str, amount: int) -> Report:
    return Report(key, None, Ref(external_id=client), resource, amount, "level")


def test_each_record_gets_its_answer_in_order_and_bad_ones_cost_the_others_nothing(
    session: Session, harbor: Harbor
) -> None:
    moment = clock.now()
    take(quantity("b", "desk", "messages", 5))

    taken = take(
        quantity("z", "desk", "messages", 7),
        quantity("b", "desk", "messages", 5),
        quantity("b", "desk", "messages", 6),
        quantity("c", "nowhere", "messages", 1),
        quantity("d", "desk", "faxes", 1),
        quantity("e", "desk", "contacts", 1),
        level("f", "desk", "messages", 1),
        level("g", "desk", "workspaces", 1),
        quantity("h", "desk", "messages", 0),
        quantity("i", "desk", "messages", 10**12 + 1),
        quantity("j", "desk", "messages", 1, moment + timedelta(minutes=6)),
        quantity("k", "desk", "messages", 1, moment - timedelta(days=35, minutes=1)),
        quantity("z", "desk", "messages", 7),
        quantity("rsv_1", "desk", "messages", 7),
        whole("l", "nobody", "contacts", 1),
        level("a", "desk", "contacts", 101),
    )

    assert results(taken) == [
        "accepted",
        "duplicate",
        "key_reused",
        "unknown_workspace",
        "unknown_resource",
        "wrong_kind",
        "wrong_kind",
        "wrong_kind",
        "out_of_range",
        "out_of_range",
        "in_the_future",
        "too_old",
        "duplicate",
        "key_reused",
        "unknown_client",
        "accepted",
    ]
    assert [one.key for one in taken] == [*"zbbcdefghijkz", "rsv_1", "l", "a"]
    assert (taken[0].used, taken[0].limit, taken[0].over) == (12, 1000, False)
    assert (taken[-1].used, taken[-1].limit, taken[-1].over) == (101, 100, True)
    assert usage_totals.usage_of(session, harbor.client_id)[harbor.messages] == 12
    assert stored_ledger(session) == expected_ledger(session, clock.now())


def test_a_record_that_was_taken_stays_a_duplicate_whatever_has_changed_since(session: Session, harbor: Harbor) -> None:
    take(quantity("a", "desk", "messages", 5))
    with transaction() as writing:
        client = writing.get_one(Client, harbor.client_id)
        workspaces.archive_workspace(writing, client, workspace_id(writing, "desk"), author=by_staff(1))

    assert results(take(quantity("a", "desk", "messages", 5), quantity("b", "desk", "messages", 5))) == [
        "duplicate",
        "archived_workspace",
    ]


def test_the_newest_level_counts_by_its_time_then_by_its_arrival(session: Session, harbor: Harbor) -> None:
    noon = clock.now() - timedelta(hours=1)
    take(level("z", "desk", "contacts", 10, noon))
    take(level("a", "desk", "contacts", 9, noon - timedelta(minutes=1)))
    assert usage_totals.usage_of(session, harbor.client_id)[harbor.contacts] == 10

    take(level("m", "desk", "contacts", 7, noon), level("b", "desk", "contacts", 6, noon))
    take(level("c", "shop", "contacts", 30))

    session.rollback()
    assert usage_totals.usage_of(session, harbor.client_id)[harbor.contacts] == 36
    assert stored_ledger(session) == expected_ledger(session, clock.now())


def test_a_gauge_is_reported_by_workspace_or_for_the_whole_client_never_both(session: Session, harbor: Harbor) -> None:
    taken = take(
        level("a", "desk", "contacts", 5),
        whole("b", "harbor", "contacts", 50),
        whole("c", "bloom", "contacts", 60),
        level("d", "garden", "contacts", 6),
    )

    assert results(taken) == ["accepted", "mixed_scope", "accepted", "mixed_scope"]
    assert results(take(whole("e", "harbor", "contacts", 50), whole("f", "bloom", "contacts", 61))) == [
        "mixed_scope",
        "accepted",
    ]
    assert usage_totals.usage_of(session, harbor.other_id)[harbor.contacts] == 61


def test_lists_show_who_is_over_as_soon_as_a_report_says_so(session: Session, harbor: Harbor) -> None:
    def is_over() -> bool:
        session.rollback()
        return session.query(Entitlement).filter_by(client_id=harbor.client_id).one().is_over_quota

    take(level("a", "desk", "contacts", 101))
    assert is_over()
    take(level("b", "desk", "contacts", 100))
    assert not is_over()


def test_another_mode_is_not_found(harbor: Harbor) -> None:
    with bare_transaction() as connection:
        assert results(take_records(connection, "test", [quantity("a", "desk", "messages", 1)])) == [
            "unknown_workspace"
        ]


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_batches_with_the_same_keys_in_another_order_never_deadlock(
    app: Flask, session: Session, harbor: Harbor
) -> None:
    answers: list[list[str]] = []

    def send(number: int, barrier: Barrier) -> None:
        keys = [f"key-{place * (1 if number % 2 else -1) % 40}" for place in range(40)]
        names = ["desk", "shop", "garden"]
        for round_ in range(5):
            barrier.wait(30)
            reports = [
                report
                for key in keys
                for report in (
                    quantity(f"{round_}-{key}", names[hash(key) % 3], "messages", 2),
                    level(f"{round_}-{key}-level", names[hash(key) % 3], "contacts", 2, START),
                )
            ]
            with app.app_context():
                answers.append(results(take(*reports)))

    barrier = Barrier(4)
    threads = [Thread(target=send, args=(number, barrier)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(answers) == 20
    assert sum(one.count("accepted") for one in answers) == 5 * 80
    assert sum(one.count("duplicate") for one in answers) == 15 * 80
    assert stored_ledger(session) == expected_ledger(session, clock.now())


START = clock.now() - timedelta(days=2)
