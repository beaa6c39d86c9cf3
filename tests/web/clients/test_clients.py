"""SaaS > Clients: the list, making and editing a client, and its page."""

import gc
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from billingportal.db import db, transaction
from billingportal.domain.clients import lifecycle as client_lifecycle
from billingportal.domain.common.audit import by_staff
from billingportal.domain.plans.terms import Limit
from billingportal.models import Client, Comp, Entitlement, Workspace
from billingportal.models.auth.staff import Staff
from tests.fuzz.requests.attempts import Attempt, send
from tests.support.catalog.plans import new_plan, resource_id
from tests.support.pages import Visitor, text_of
from tests.support.people.clients import new_client
from tests.support.usage.reports import report_level

# Pages ask the domain, which runs on both databases.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGE = "/saas/clients"
HOSTILE = '<script>alert(1)</script> & "Co"'


@pytest.fixture
def free(session: Session, owner: Staff) -> int:
    """The default plan, with 100 contacts and three workspaces."""
    quotas = {resource_id(session, "contacts"): Limit(100), resource_id(session, "workspaces"): Limit(3)}
    return new_plan(owner.id, "Free", is_active=True, quotas=quotas)


def stored(session: Session) -> Client:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Client)).one()


def test_an_empty_list_offers_the_pricing_link_and_a_first_client(signed_in: Visitor) -> None:
    answer = signed_in.get(PAGE)

    assert "No clients yet Share your pricing page." in text_of(answer)
    assert 'data-copy="http://localhost/portal/pricing"' in answer.text
    assert "Add client" in text_of(answer)


def test_rows_tell_plan_status_and_the_quota_of_which_most_is_used(
    signed_in: Visitor, session: Session, free: int
) -> None:
    new_client("Harbor Dental", workspace_name="Desk")
    with transaction() as writing:
        report_level(writing, writing.scalars(select(Workspace)).one(), resource_id(writing, "contacts"), 96)

    words = text_of(signed_in.get(PAGE))

    assert "All statuses (1)" in words
    assert "HD Harbor Dental office@harbordental.example Free Active, no subscription" in words
    assert "Contacts 96 of 100 96% Never" in words
    assert "1 to 1 of 1" in words


def test_filters_stay_typed_and_lead_on_to_pages_and_the_export(signed_in: Visitor, free: int) -> None:
    for number in range(27):
        new_client(f"Client {number:02}")

    answer = signed_in.get(f"{PAGE}?q=client&status=free&plan={free}&sort=created&page=2")

    assert "26 to 27 of 27" in text_of(answer)
    assert 'value="client"' in answer.text
    assert f'<option value="{free}" selected>Free</option>' in answer.text
    assert f"/saas/clients?q=client&amp;plan={free}&amp;status=free&amp;sort=created" in answer.text
    exported = signed_in.get(f"{PAGE}/export.csv?q=client+0")
    assert exported.headers["Content-Disposition"].startswith('attachment; filename="clients-test-20')
    assert exported.mimetype == "text/csv"
    assert len(exported.text.splitlines()) == 11


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_export_gives_its_connection_back(app: Flask, signed_in: Visitor, method: str) -> None:
    """Without a session of the test's own, which the requests would share."""
    with app.app_context():
        new_client("Harbor")
        pool = cast(QueuePool, db.engine.pool)
    cookie = signed_in.get(PAGE).request.headers["Cookie"]
    wanted = Attempt("owner", method, f"{PAGE}/export.csv", headers=(("Cookie", cookie),))
    gc.disable()
    try:
        assert [send(app, wanted).status for _ in range(3)] == [200] * 3
        assert pool.checkedout() == 0
    finally:
        gc.enable()


def test_nothing_found_says_so_and_can_be_cleared(signed_in: Visitor, free: int) -> None:
    new_client()

    answer = signed_in.get(f"{PAGE}?q=nobody&plan=zzz&status=what&sort=x&page=-1&only=over")

    assert "Nothing found" in text_of(answer)
    assert "Clear filters" in text_of(answer)


def test_archived_clients_are_found_by_their_status(
    signed_in: Visitor, owner: Staff, session: Session, free: int
) -> None:
    client_id = new_client("Harbor")
    with transaction() as writing:
        client_lifecycle.archive_client(writing, client_id, staff_id=owner.id)

    assert "All clients are archived" in text_of(signed_in.get(PAGE))
    assert "H Harbor" in text_of(signed_in.get(f"{PAGE}?status=archived"))
    signed_in.submit(f"{PAGE}/{client_id}/restoration")
    assert stored(session).archived_at is None


@pytest.mark.parametrize("way", ["swap", "submit"])
def test_a_client_is_added_with_its_first_workspace(signed_in: Visitor, session: Session, free: int, way: str) -> None:
    typed = {"name": HOSTILE, "email": "a@b.example", "external_id": "77", "workspace_name": "<b>Desk</b>"}
    answer = getattr(signed_in, way)(PAGE, {**typed, "plan": "default"})

    client = stored(session)
    address = f"{PAGE}/{client.id}"
    assert answer.headers["HX-Redirect" if way == "swap" else "Location"] == address
    page = signed_in.get(address)
    assert "<script>alert" not in page.text
    assert "<b>Desk" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;Co&#34; is there." in page.text
    assert "&lt;script&gt;" in signed_in.get(PAGE).text


def test_mistakes_keep_what_was_typed(signed_in: Visitor, session: Session, free: int) -> None:
    answer = signed_in.submit(PAGE, {"name": "Harbor", "email": "office", "workspace_name": "Desk"})

    assert answer.status_code == 422
    assert "This is not an email address." in text_of(answer)
    assert 'value="Harbor"' in answer.text
    assert 'value="Desk"' in answer.text
    assert session.scalars(select(Client)).all() == []


def test_a_free_plan_becomes_the_base_and_another_is_given_by_hand(
    signed_in: Visitor, session: Session, owner: Staff, free: int
) -> None:
    other = new_plan(owner.id, "Charity", is_active=True)
    priced = new_plan(owner.id, "Enterprise", is_active=True, is_on_request=True)

    def add(name: str, **given: str) -> str:
        answer = signed_in.submit(PAGE, {"name": name, "email": f"{name}@b.example", **given})
        return answer.location or str(answer.status_code)

    add("Amber", plan=str(other))
    assert stored(session).base_plan_id == other
    assert add("Birch", plan=str(priced), way="comp") == "422"
    add("Birch", plan=str(priced), way="comp", reason="A friend")
    session.rollback()
    assert session.scalars(select(Comp)).one().plan_id == priced
    assert add("Coral", plan=str(priced), way="link").endswith("/billing-links/new")
    session.rollback()
    plans = session.execute(
        select(Client.name, Entitlement.source).join(Entitlement, Entitlement.client_id == Client.id)
    )
    assert dict(plans.all()) == {"Amber": "base", "Birch": "comp", "Coral": "base"}


def test_a_second_tab_learns_that_somebody_was_faster(signed_in: Visitor, session: Session, free: int) -> None:
    client_id = new_client("Harbor", email="a@b.example")
    assert 'name="revision" type="hidden" value="1"' in signed_in.get(f"{PAGE}/{client_id}/edit").text

    typed = {"name": "Harbor Dental", "email": "a@b.example", "revision": "1"}
    assert signed_in.submit(f"{PAGE}/{client_id}", typed).status_code == 303
    assert signed_in.submit(f"{PAGE}/{client_id}", typed).status_code == 303
    late = signed_in.submit(f"{PAGE}/{client_id}", {**typed, "name": "Harbour"})

    assert late.status_code == 422
    assert "Somebody changed this client since you opened it." in text_of(late)
    assert 'value="Harbour"' in late.text
    assert stored(session).name == "Harbor Dental"


def test_the_page_tells_why_the_client_has_its_plan(signed_in: Visitor, session: Session, free: int) -> None:
    client_id = new_client("Harbor Dental", workspace_name="Desk", workspace_external_id="w-1")

    words = text_of(signed_in.get(f"{PAGE}/{client_id}"))

    assert "Plan Active, no subscription" in words
    assert "Why is this client on this plan? Without a paid subscription, the default plan Free holds." in words
    assert "Contacts 0 of 100" in words
    assert "Desk w-1 · since" in words
    assert "No invoices yet." in words
    assert "Harbor Dental became a client" in words
    assert "Added the workspace Desk" in words


def test_older_happenings_come_page_by_page(signed_in: Visitor, owner: Staff, free: int) -> None:
    client_id = new_client("Harbor")
    for number in range(12):
        act = client_lifecycle.suspend_client if number % 2 == 0 else client_lifecycle.reactivate_client
        given = (f"Reason {number}",) if number % 2 == 0 else ()
        with transaction() as writing:
            act(writing, client_id, *given, author=by_staff(owner.id))

    address, seen = f"{PAGE}/{client_id}/timeline", []
    while address:
        answer = signed_in.swap(address, method="GET")
        seen.append(answer.text.count("timeline-event-card"))
        address = answer.text.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")

    assert seen[:-1] == [10] * (len(seen) - 1)
    assert sum(seen) > 20
    assert "Harbor became a client" in text_of(answer)
    assert signed_in.get(f"{PAGE}/{client_id}/timeline?before=nonsense").status_code == 200


def test_notes_are_written_and_a_conflict_keeps_them(signed_in: Visitor, session: Session, free: int) -> None:
    client_id = new_client("Harbor")
    address = f"{PAGE}/{client_id}/notes"

    signed_in.submit(address, {"notes": "Call <i>Mara</i>", "revision": "1"})
    late = signed_in.submit(address, {"notes": "Call Tom", "revision": "1"})

    assert late.status_code == 422
    assert "Call Tom" in late.text
    assert "Call &lt;i&gt;Mara&lt;/i&gt;" in signed_in.get(f"{PAGE}/{client_id}").text


def test_clients_of_the_other_mode_are_not_there(signed_in: Visitor, session: Session, free: int) -> None:
    client_id = new_client("Live", mode="live")

    for path in ("", "/edit", "/comp", "/quota-overrides", "/suspension", "/archiving", "/notes", "/timeline"):
        assert signed_in.get(f"{PAGE}/{client_id}{path}").status_code == 404
    assert signed_in.get(f"{PAGE}/{2**40}").status_code == 404
    assert signed_in.submit(f"{PAGE}/{client_id}", {"name": "x"}).status_code == 404
    assert "No clients yet" in text_of(signed_in.get(PAGE))


def test_a_viewer_looks_and_does_not_touch(app: Flask, viewer: Visitor, session: Session) -> None:
    with app.app_context():
        client_id = new_client("Harbor", workspace_name="Desk")
        workspace_id = session.scalars(select(Workspace.id)).one()

    for path in (PAGE, f"{PAGE}/{client_id}"):
        answer = viewer.get(path)
        assert "Harbor" in text_of(answer)
        assert "Actions for" not in answer.text
        assert "Add client" not in answer.text
    for path in (
        "",
        "/comp",
        "/comp/ending",
        "/quota-overrides",
        "/quota-overrides/1/ending",
        "/suspension",
        "/reactivation",
        "/archiving",
        "/restoration",
        "/billing-links",
        "/fetches",
        "/notes",
        "/workspaces",
        f"/workspaces/{workspace_id}",
        f"/workspaces/{workspace_id}/move",
        f"/workspaces/{workspace_id}/archiving",
        f"/workspaces/{workspace_id}/restoration",
    ):
        assert viewer.submit(f"{PAGE}/{client_id}{path}").status_code == 403, path
    assert viewer.submit(PAGE).status_code == 403
    assert viewer.get(f"{PAGE}/{client_id}/edit").status_code == 403
