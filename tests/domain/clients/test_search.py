"""Finding clients: by words, filters and order, page by page, with queries that do not grow with them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.clients import csv_export
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.clients import search as client_search
from billingportal.domain.clients.search import NO_PLAN, PAGE_SIZE, Wanted
from billingportal.models import Client, Entitlement, ProcessorAccount
from billingportal.models.auth.staff import Staff
from tests.support.catalog.plans import add_account, add_subscription, new_plan
from tests.support.people.clients import link_customer, new_client


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """Every statement that is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def names(session: Session, **wanted: object) -> list[str]:
    session.rollback()
    page = client_search.search_clients(session, "test", Wanted(**wanted))  # type: ignore[arg-type]
    return [client.name for client, _ in page.rows]


def set_entitlement(client_id: int, **values: object) -> None:
    with transaction() as session:
        row = session.scalars(select(Entitlement).where(Entitlement.client_id == client_id)).one()
        for name, value in values.items():
            setattr(row, name, value)


def test_a_client_is_found_by_whatever_is_known_of_it(session: Session, owner: Staff) -> None:
    new_client("Bloom & Co", email="hi@bloom.example", workspace_name="Shop")
    client_id = new_client(
        "Harbor Dental",
        email="desk@harbor.example",
        external_id="77",
        workspace_name="Front",
        workspace_external_id="w-9",
    )
    with transaction() as writing:
        account_id = add_account(writing).id
    link_customer(client_id, account_id, "cus_1")
    with transaction() as writing:
        add_subscription(writing, writing.get_one(ProcessorAccount, account_id), "cus_1", "price_1")

    for words in (
        "harbor",
        "HARBOR D",
        "desk@harbor",
        "77",
        "front",
        "w-9",
        "cus_1",
        "sub_cus_1_price_1",
        " Harbor  D",
    ):
        assert names(session, words=words) == ["Harbor Dental"], words


def test_words_fold_in_every_language_and_have_no_wildcards(session: Session, owner: Staff) -> None:
    for name in ("ÉCLAIR GmbH", "Straße 12", "100 %", "Under_score"):
        new_client(name)

    assert names(session, words="éclair") == ["ÉCLAIR GmbH"]
    assert names(session, words="STRASSE") == ["Straße 12"]
    assert names(session, words="%") == ["100 %"]
    assert names(session, words="r_s") == ["Under_score"]
    assert names(session, words="cus_unknown") == []


def test_filters_narrow_and_counts_tell_of_every_status(session: Session, owner: Staff) -> None:
    free = new_plan(owner.id, "Free", is_active=True)
    first, second, third, fourth = (new_client(name) for name in ("Amber", "Birch", "Coral", "Dune"))
    new_client("Live", mode="live")
    set_entitlement(first, standing="past_due", failing_since=clock.now())
    set_entitlement(second, is_over_quota=True)
    set_entitlement(third, plan_id=None, source="none")
    with transaction() as writing:
        client_lifecycle.archive_client(writing, fourth, staff_id=owner.id)

    assert names(session) == ["Amber", "Birch", "Coral"]
    assert names(session, plan_id=free) == ["Amber", "Birch"]
    assert names(session, plan_id=NO_PLAN) == ["Coral"]
    assert names(session, status="past_due") == ["Amber"]
    assert names(session, status="archived") == ["Dune"]
    assert names(session, is_failing=True) == ["Amber"]
    assert names(session, is_over_quota=True) == ["Birch"]
    counts = client_search.search_clients(session, "test", Wanted(status="free")).counts
    assert counts == {"past_due": 1, "free": 2, "archived": 1}


def test_orders_are_the_same_on_every_database(session: Session, owner: Staff) -> None:
    made = [new_client(name) for name in ("bloom", "Amber", "Zebra", "amber 2")]
    set_entitlement(made[2], renews_at=clock.now())

    assert names(session) == ["Amber", "amber 2", "bloom", "Zebra"]
    assert names(session, sort="created") == ["amber 2", "Zebra", "Amber", "bloom"]
    assert names(session, sort="renews") == ["Zebra", "bloom", "Amber", "amber 2"]


def test_pages_follow_each_other_and_none_lies_beyond_the_last(session: Session, owner: Staff) -> None:
    for number in range(PAGE_SIZE + 2):
        new_client(f"Client {number:03}")

    first = client_search.search_clients(session, "test", Wanted())
    beyond = client_search.search_clients(session, "test", Wanted(page=9))

    assert (first.first, first.last, first.total, first.is_last) == (1, 25, 27, False)
    assert (beyond.number, beyond.first, beyond.last, beyond.is_last) == (2, 26, 27, True)
    assert client_search.search_clients(session, "test", Wanted(words="nobody")).rows == []


def test_a_page_takes_as_many_queries_for_one_client_as_for_many(session: Session, owner: Staff) -> None:
    def queries() -> int:
        db.session.remove()
        with counted_queries() as sent:
            for _, row in client_search.search_clients(db.session(), "test", Wanted(words="client")).rows:
                assert row.plan is None or row.plan.name
        return len(sent)

    new_client("Client 1")
    before = queries()
    for number in range(2, 12):
        new_client(f"Client {number}")

    assert queries() == before


def test_the_export_has_everybody_and_no_formulas(session: Session, owner: Staff) -> None:
    new_plan(owner.id, "Free", is_active=True)
    for name in ('=HYPERLINK("https://evil.example")', "+1", "-1", "@sum", 'Say "hi", now', "Ümit"):
        new_client(name, email="a@b.example")

    text = "".join(csv_export.csv_lines(session, "test", Wanted(sort="created")))

    assert text.startswith("\ufeffID,Name,Email,")
    rows = text.splitlines()[1:]
    assert len(rows) == 6
    assert [row.split(",")[1] for row in rows[2:5]] == ["'@sum", "'-1", "'+1"]
    assert '"Say ""hi"", now",a@b.example,,Free,base,"Active, no subscription",full,no' in rows[1]
    assert rows[5].split(",", 1)[1].startswith('"\'=HYPERLINK(""https://evil.example"")",')


def test_batches_hold_the_whole_of_what_is_wanted(
    session: Session, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_search, "BATCH", 2)
    for name in ("Amber", "Birch", "Coral"):
        new_client(name)

    batches = list(client_search.in_batches(session, "test", Wanted()))

    assert [[client.name for client, _ in batch] for batch in batches] == [["Amber", "Birch"], ["Coral"]]
    assert session.scalar(select(Client.id).limit(1))
