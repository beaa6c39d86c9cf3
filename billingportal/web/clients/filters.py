"""Filters of the list of clients: read from the URL, and listed as options of the form above it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billingportal.domain.clients import search as client_search
from billingportal.domain.clients.search import NO_PLAN, SORTS, STATUSES, ClientPage, Sort, Status, Wanted
from billingportal.domain.subscriptions.status_text import STANDINGS
from billingportal.limits import page_number, whole_number
from billingportal.models import Entitlement, Plan
from billingportal.web.clients.rows import ARCHIVED

SORT_WORDS: dict[Sort, str] = {"name": "By name", "created": "Newest first", "renews": "Next renewal first"}
ONLY_WORDS = {"": "Everybody", "over": "Over quota", "failing": "Payment failing"}


@dataclass(frozen=True)
class Choice:
    """One option of a filter."""

    value: str
    words: str
    is_chosen: bool


def wanted_of_request() -> Wanted:
    """The filters in the URL. Invalid values are ignored."""
    given = request.args
    status, sort = given.get("status"), given.get("sort")
    return Wanted(
        words=given.get("q", "")[:200],
        plan_id=whole_number(given.get("plan", "")),
        status=status if status in STATUSES else None,
        is_over_quota=given.get("only") == "over",
        is_failing=given.get("only") == "failing",
        sort=sort if sort in SORTS else "name",
        page=page_number(given.get("page", "")),
    )


def query_of(wanted: Wanted) -> dict[str, str]:
    """The filters as URL parameters, without the page number."""
    given = {
        "q": wanted.words,
        "plan": "" if wanted.plan_id is None else str(wanted.plan_id),
        "status": wanted.status or "",
        "only": only(wanted),
        "sort": "" if wanted.sort == "name" else wanted.sort,
    }
    return {name: value for name, value in given.items() if value}


def only(wanted: Wanted) -> str:
    if wanted.is_over_quota:
        return "over"
    return "failing" if wanted.is_failing else ""


def choices(session: Session, page: ClientPage, wanted: Wanted) -> dict[str, Sequence[Choice]]:
    """The options of each filter, by its name in the URL."""
    return {
        "status": status_choices(page, wanted),
        "plan": plan_choices(session, wanted),
        "only": [Choice(value, words, value == only(wanted)) for value, words in ONLY_WORDS.items()],
        "sort": [Choice(sort, words, sort == wanted.sort) for sort, words in SORT_WORDS.items()],
    }


def status_choices(page: ClientPage, wanted: Wanted) -> Sequence[Choice]:
    """Every status that a client has, with the number of clients."""
    everybody = Choice("", f"All statuses ({client_search.sum_of_present(page.counts):,})", wanted.status is None)
    words: dict[Status, str] = {"archived": ARCHIVED.words}
    words |= {standing: found.words for standing, found in STANDINGS.items()}
    return [
        everybody,
        *(
            Choice(status, f"{words[status]} ({page.counts.get(status, 0):,})", status == wanted.status)
            for status in STATUSES
            if status in page.counts or status == wanted.status
        ),
    ]


def plan_choices(session: Session, wanted: Wanted) -> Sequence[Choice]:
    """The plans, with archived ones only where a client still has them."""
    is_had = exists().where(Entitlement.plan_id == Plan.id)
    plans = session.execute(
        select(Plan.id, Plan.name).where((Plan.state != "archived") | is_had).order_by(Plan.position, Plan.id)
    )
    return [
        Choice("", "All plans", wanted.plan_id is None),
        *(Choice(str(plan_id), name, plan_id == wanted.plan_id) for plan_id, name in plans),
        Choice(str(NO_PLAN), "No plan", wanted.plan_id == NO_PLAN),
    ]
