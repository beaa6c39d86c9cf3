"""Gets to know the application before a run: looks at every page that each caller can reach."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask

from tests.fuzz import pages
from tests.fuzz.callers import Callers
from tests.fuzz.knowledge import Knowledge, matched
from tests.fuzz.pages import PageReader
from tests.fuzz.requests.attempts import Attempt, Outcome, send
from tests.fuzz.requests.bodies import encoded
from tests.fuzz.requests.making import Maker

CALLERS = ("owner", "viewer", "client", "stranger")
# Of each endpoint, as each caller.
MOST_PAGES = 4
READABLE = 400_000


def learn_from(app: Flask, knowledge: Knowledge, attempt: Attempt, outcome: Outcome) -> PageReader | None:
    """Whatever the answer to a request teaches; the page, if it was one."""
    found = matched(app, attempt.method, attempt.path)
    address = f"{attempt.path}?{attempt.query}" if attempt.query else attempt.path
    is_readable = outcome.is_html and not outcome.header("Content-Encoding") and len(outcome.body) < READABLE
    page = pages.read(address, outcome.body.decode("utf-8", "replace")) if is_readable else None
    knowledge.learn(app, attempt.caller, found[0] if found else None, outcome, page)
    return page


def look_around(app: Flask, knowledge: Knowledge, callers: Callers) -> None:
    """Follow links and search forms as each caller, some of each kind, in the order in which pages show them."""
    for name in CALLERS:
        counts: Counter[str] = Counter()
        waiting = [route.rule for route in knowledge.routes if "<" not in route.rule and "GET" in route.methods]
        seen = set(waiting)
        while waiting:
            address = waiting.pop(0)
            found = matched(app, "GET", address)
            if found is None or counts[found[0]] >= MOST_PAGES:
                continue
            counts[found[0]] += 1
            page = look_at(app, knowledge, callers, name, address)
            for link in addresses_of(page) if page else ():
                if link not in seen:
                    seen.add(link)
                    waiting.append(link)


def look_at(app: Flask, knowledge: Knowledge, callers: Callers, name: str, address: str) -> PageReader | None:
    parts = urlsplit(address)
    caller = callers.caller(name)
    headers = (("Cookie", caller.cookie),) if caller.cookie else ()
    attempt = Attempt(name, "GET", parts.path, parts.query, headers)
    outcome = send(app, attempt)
    callers.look(attempt, outcome)
    return learn_from(app, knowledge, attempt, outcome)


def addresses_of(page: PageReader) -> Iterator[str]:
    """Where the links of a page lead, and its search forms as they stand."""
    yield from page.links
    for form in page.forms:
        pairs = [(shown.name, shown.values[0]) for shown in form.fields.values() if shown.values]
        for method, address in form.targets:
            if method == "GET" and pairs:
                yield f"{address.partition('?')[0]}?{encoded(pairs)}"


def rehearse(app: Flask, knowledge: Knowledge, callers: Callers, maker: Maker) -> None:
    """Every route once as each caller, so that views show which names they read."""
    for name in CALLERS:
        for route in knowledge.routes:
            attempt = maker.any_route(callers.caller(name), route)
            outcome = send(app, attempt)
            callers.look(attempt, outcome)
            learn_from(app, knowledge, attempt, outcome)
