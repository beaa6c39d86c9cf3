"""Gets to know the application before a run: looks at every page that each caller can reach."""

from urllib.parse import urlsplit

from flask import Flask

from tests.fuzz import pages
from tests.fuzz.attempts import Attempt, Outcome, send
from tests.fuzz.callers import Callers
from tests.fuzz.knowledge import Knowledge, matched
from tests.fuzz.making import Maker

CALLERS = ("owner", "viewer", "client", "stranger")
# Of each endpoint, as each caller.
MOST_PAGES = 4
READABLE = 400_000


def learn_from(app: Flask, knowledge: Knowledge, attempt: Attempt, outcome: Outcome) -> None:
    """Whatever the answer to a request teaches."""
    found = matched(app, attempt.method, attempt.path)
    address = f"{attempt.path}?{attempt.query}" if attempt.query else attempt.path
    is_readable = outcome.is_html and not outcome.header("Content-Encoding") and len(outcome.body) < READABLE
    page = pages.read(address, outcome.body.decode("utf-8", "replace")) if is_readable else None
    knowledge.learn(app, found[0] if found else None, outcome, page)


def look_around(app: Flask, knowledge: Knowledge, callers: Callers) -> None:
    """Follow links as each caller, some of each kind, in the order in which pages show them."""
    for name in CALLERS:
        counts: dict[str, int] = {}
        waiting, seen = ["/", "/portal/billing", "/portal/pricing"], set()
        waiting += [route.rule for route in knowledge.routes if "<" not in route.rule and "GET" in route.methods]
        while waiting:
            address = waiting.pop(0)
            found = matched(app, "GET", address)
            if address in seen or found is None or counts.get(found[0], 0) >= MOST_PAGES:
                continue
            seen.add(address)
            counts[found[0]] = counts.get(found[0], 0) + 1
            parts = urlsplit(address)
            caller = callers.caller(name)
            headers = (("Cookie", caller.cookie),) if caller.cookie else ()
            attempt = Attempt(name, "GET", parts.path, parts.query, headers)
            outcome = send(app, attempt)
            callers.look(attempt, outcome)
            learn_from(app, knowledge, attempt, outcome)
            waiting += [link for links in knowledge.links.values() for link in links if link not in seen]


def rehearse(app: Flask, knowledge: Knowledge, callers: Callers, maker: Maker) -> None:
    """Every route once as each caller, so that views show which names they read."""
    for name in CALLERS:
        for route in knowledge.routes:
            for _ in range(2):
                attempt = maker.any_route(callers.caller(name), route)
                outcome = send(app, attempt)
                callers.look(attempt, outcome)
                learn_from(app, knowledge, attempt, outcome)
