"""SaaS > Usage: all clients, one resource and one client, as staff see them."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import db, transaction
from billingportal.domain.limit_notices import checks
from billingportal.domain.plans.terms import Limit
from billingportal.jobs import usage as usage_jobs
from billingportal.models import UsagePool
from billingportal.models.auth.staff import Staff
from billingportal.portal import current_portal
from tests.support.catalog.plans import resource_id
from tests.support.catalog.usage import add_days, add_resource, add_workspace, limited_client, uses
from tests.support.pages import Visitor, markup_of, text_of
from tests.support.people.billing import visitor_of

PAGE = "/saas/usage"
HOSTILE = "=<script>alert(1)</script>\"'&"
LONG = "Kanzlei Dr. Ehrenfried-Wolkenstein & Partner Rechtsanwältinnen und Steuerberater mbB"


def today() -> date:
    return clock.now().date()


def last_days(count: int, used: int, step: int = 0) -> dict[date, int]:
    """So many days until yesterday, `step` more on each."""
    return {today() - timedelta(days=count - number): used + number * step for number in range(count)}


def work() -> None:
    """What the worker does: look at limits, count the days of all clients."""
    checks.check_limits(transaction)
    usage_jobs.count_usage_of_today(current_portal())
    usage_jobs.count_usage_of_earlier_days(current_portal())


@pytest.fixture
def contacts(session: Session) -> int:
    return resource_id(session, "contacts")


def test_without_use_the_page_says_what_will_be_there(signed_in: Visitor) -> None:
    assert "Usage will appear here" in text_of(signed_in.get(PAGE))


def test_the_overview_compares_use_with_pool_and_plans(
    app: Flask, signed_in: Visitor, owner: Staff, contacts: int
) -> None:
    near = limited_client(owner.id, {contacts: Limit(1000)}, "Bloom", "Starter")
    full = limited_client(owner.id, {contacts: Limit(None)}, "Northgate", "Scale")
    add_days(near, contacts, last_days(10, 700, 10))
    uses(near, contacts, 810)
    uses(full, contacts, 1000)
    with transaction() as session:
        session.add(UsagePool(mode="test", resource_id=contacts, ceiling=1800))
    work()
    words = text_of(signed_in.get(PAGE))

    assert "1,810" in words
    assert "100%, full of 1,800" in words
    assert "Contacts: your pool is full" in words
    assert "1,000 and 1 unlimited" in words
    assert "1 client" in words
    assert "810 of 1,000 · 81%" in words
    reached = today() + timedelta(days=19)
    assert f"{reached.day} {reached:%b} In 19 days" in words


@pytest.mark.parametrize(
    ("used", "days", "words"),
    [
        (810, {}, "No date yet Less than 3 days of data"),
        (810, last_days(10, 900, -9), "No date Use is falling"),
        (1000, {}, "At the limit"),
        (1200, {}, "Over since"),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_each_row_says_when_the_limit_is_reached_or_why_not(
    signed_in: Visitor, owner: Staff, contacts: int, used: int, days: dict[date, int], words: str
) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(1000)})
    add_days(client_id, contacts, days)
    uses(client_id, contacts, used)
    work()

    assert words in text_of(signed_in.get(PAGE))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_list_is_filtered_and_paged(signed_in: Visitor, owner: Staff, contacts: int) -> None:
    replies = add_resource("AI replies")
    for number in range(12):
        name = f"Client {number:02}"
        client_id = limited_client(owner.id, {contacts: Limit(100), replies: Limit(100, "warn")}, name, name)
        uses(client_id, contacts, 90 + number)
    uses(client_id, replies, 85)
    work()

    words = text_of(signed_in.get(PAGE))
    assert "1 to 10 of 13" in words
    assert "11 to 13 of 13" in text_of(signed_in.get(f"{PAGE}?page=2"))
    assert "11 to 13 of 13" in text_of(signed_in.get(f"{PAGE}?page=99999999999999999999999"))
    filtered = text_of(signed_in.get(f"{PAGE}?resource=ai_replies"))
    assert "1 to 1 of 1" in filtered
    assert "1 to 10 of 12" in text_of(signed_in.get(f"{PAGE}?at_limit=block"))
    assert "Nobody is near a limit" in text_of(signed_in.get(f"{PAGE}?at_limit=bill"))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("session")
def test_a_resource_shows_its_course_and_its_clients(signed_in: Visitor, owner: Staff) -> None:
    replies = add_resource("AI replies")
    first = limited_client(owner.id, {replies: Limit(100)}, "Bloom", "Starter")
    second = limited_client(owner.id, {replies: Limit(None)}, "Northgate", "Scale")
    for client_id, used in ((first, 75), (second, 25)):
        add_days(client_id, replies, {today(): used})
        uses(client_id, replies, used)
    work()
    response = signed_in.get(f"{PAGE}/resources/ai_replies")
    words = text_of(response)

    assert "Bloom 75 75% of all clients" in words
    assert "Northgate 25 25% of all clients 25% Unlimited" in words
    assert "Total so far 100" in words
    assert 'role="img" aria-label="AI replies of all clients per day' in markup_of(response)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_client_is_shown_down_to_its_workspaces(app: Flask, signed_in: Visitor, owner: Staff, contacts: int) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(100, "warn")}, LONG)
    replies = add_resource("AI replies")
    front, web = add_workspace(client_id, "Front desk", "hd-front"), add_workspace(client_id, HOSTILE)
    add_days(client_id, replies, {today(): 30}, front)
    add_days(client_id, replies, {today(): 10}, web)
    uses(client_id, replies, 40)
    uses(client_id, contacts, 120)
    work()

    staff = signed_in.get(f"/saas/clients/{client_id}/usage?resource=ai_replies")
    words = text_of(staff)
    assert "Front desk hd-front 30 75%" in words
    assert "<script>alert" not in markup_of(staff)
    assert "20 over More is let pass" in words
    assert "steuerberater mbb is over its limit of 100 contacts" in words.lower()
    own = text_of(visitor_of(app, client_id).get("/portal/billing/usage?resource=ai_replies"))
    assert "Front desk 75% 30 75%" in own
    assert "Contacts 120 of 100" in own


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_files_hold_the_same_and_run_no_formulas(signed_in: Visitor, owner: Staff, contacts: int) -> None:
    client_id = limited_client(owner.id, {contacts: Limit(100)}, HOSTILE)
    workspace = add_workspace(client_id, HOSTILE)
    add_days(client_id, contacts, {today(): 40}, workspace)
    uses(client_id, contacts, 40)
    work()

    everything = signed_in.get(f"{PAGE}/export.csv").text
    assert f"{today()},contacts,Contacts,40" in everything
    of_clients = signed_in.get(f"{PAGE}/resources/contacts/export.csv").text
    assert "'=<script>" in of_clients
    assert ",40,100," in of_clients
    of_client = signed_in.get(f"/saas/clients/{client_id}/usage/export.csv").text
    assert f"{today()},contacts,," in of_client
    assert "'=<script>" in of_client


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_strange_addresses_show_this_month(signed_in: Visitor) -> None:
    for query in ("from=2026-13-01&to=x", "from=2030-01-01&to=2029-01-01", "from=0001-01-01&to=9999-12-31", "from=%00"):
        assert signed_in.get(f"{PAGE}?{query}").status_code in (200, 400), query
    assert signed_in.get(f"{PAGE}/resources/nothing").status_code == 404
    assert signed_in.get("/saas/clients/999/usage").status_code == 404


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("session")
def test_long_periods_are_grouped(signed_in: Visitor, owner: Staff) -> None:
    replies = add_resource("AI replies")
    client_id = limited_client(owner.id, {replies: Limit(100)})
    add_days(client_id, replies, {today() - timedelta(days=back): 1 for back in range(100)})
    uses(client_id, replies, 50)
    work()
    first = today() - timedelta(days=99)

    weeks = text_of(signed_in.get(f"{PAGE}?shown=ai_replies&from={first}&to={today()}"))
    assert "Week of" in weeks
    assert "Total so far 100" in weeks
    year = text_of(signed_in.get(f"{PAGE}?shown=ai_replies&from={today() - timedelta(days=700)}&to={today()}"))
    assert f"{today():%b %Y}" in year


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_strangers_and_clients_see_no_usage_of_others(
    app: Flask, client: Visitor, viewer: Visitor, owner: Staff, contacts: int
) -> None:
    mine = limited_client(owner.id, {contacts: Limit(100)}, "Bloom", "Starter")
    other = limited_client(owner.id, {contacts: Limit(100)}, "Northgate", "Scale")
    uses(other, contacts, 90)
    for path in (PAGE, f"{PAGE}/resources/contacts", f"{PAGE}/export.csv", f"/saas/clients/{mine}/usage"):
        assert client.get(path).status_code in (302, 303, 401), path
        assert visitor_of(app, mine).get(path).status_code in (302, 303, 401), path
        assert viewer.get(path).status_code == 200, path
    assert client.get("/portal/billing/usage").status_code == 401
    response = visitor_of(app, mine).get("/portal/billing/usage")
    assert response.status_code == 200, response.headers
    words = text_of(response)
    assert "Nothing used yet" in words
    assert "Northgate" not in words


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_queries_do_not_grow_with_clients(app: Flask, signed_in: Visitor, owner: Staff, contacts: int) -> None:
    counts = []
    for number in range(4):
        client_id = limited_client(owner.id, {contacts: Limit(100)}, f"Client {number}", f"Plan {number}")
        add_days(client_id, contacts, {today(): 90}, add_workspace(client_id))
        uses(client_id, contacts, 90)
        work()
        paths = (PAGE, f"{PAGE}/resources/contacts", f"/saas/clients/{client_id}/usage")
        counts.append([queries_of(app, signed_in, path) for path in paths])
    assert counts[1] == counts[3]


def queries_of(app: Flask, visitor: Visitor, path: str) -> int:
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def count(*given: object) -> None:
        seen.append(str(given[2]))

    event.listen(engine, "before_cursor_execute", count)
    try:
        assert visitor.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)
