"""Over every route: what follows the head of an answer is what the head announces, on one connection that stays open.

The routes are read from the application, so a new one is asked without being named here.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from flask import Flask
from werkzeug.routing import Rule

from billingportal.api.kernel.operation import Operation
from billingportal.api.operations import all_operations
from billingportal.app import create_app
from tests.support.pages import PARTIAL
from tests.support.served import FORM, Business, Person, served
from tests.support.wire import Answer, Wire

# What stands in an address: of what there is one, the first; names of things are those of the only one there is.
VALUES = {"path": "app.css", "use": "logo_light", "name": "invalid"}
ALL_CODINGS = {"Accept-Encoding": "gzip"}


@pytest.fixture(scope="module")
def port(business: Business) -> Iterator[int]:
    with served(business.settings) as port:
        yield port


@pytest.fixture(scope="module")
def app(business: Business) -> Flask:
    return create_app(business.settings)


def address(rule: Rule, business: Business) -> str:
    """The address of a rule with its parts filled in."""
    values = VALUES | {"token": business.webhook.rpartition("/")[2]}
    numbers = re.sub(r"<(?:int|id|big_id):[a-z_]+>", "1", rule.rule)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part.group(1), "nothing"), numbers)


def asked(app: Flask, business: Business, *methods: str) -> list[tuple[str, str]]:
    """Every method and address of the application, of these methods only if there are any."""
    found = {(method, address(rule, business)) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    found |= {
        (method, re.sub(r"{\w+}", "external:a", f"/api/v1{one.path}"))
        for one in all_operations()
        for method in methods_of(one)
    }
    asked_for = {one for one in found if not methods or one[0] in methods}
    return sorted(asked_for, key=lambda one: (one[1], one[0]))


def methods_of(one: Operation) -> tuple[str, ...]:
    return ("GET", "HEAD", "OPTIONS") if one.method == "GET" else (one.method, "OPTIONS")


def expect_still_there(person: Person) -> None:
    """The connection is good for another request: nothing of the answer before is left on it."""
    assert person.ask("GET", "/healthz").body == b"ok"


def check(person: Person, method: str, path: str, answer: Answer) -> None:
    assert person.wire.is_open, f"{method} {path} closes the connection"
    is_told_so = path == "/readyz" and answer.status == 503  # no worker runs here
    assert answer.status < 500 or is_told_so, f"{method} {path}: {answer.status}"
    if answer.body:
        assert answer.text, f"{method} {path}"


@pytest.mark.parametrize("is_owner", [False, True], ids=["stranger", "owner"])
def test_every_page_sends_what_it_announces(app: Flask, business: Business, port: int, is_owner: bool) -> None:
    routes = asked(app, business, "GET", "HEAD", "OPTIONS")
    assert len(routes) > 200
    with Wire(port) as wire:
        person = Person(wire, ALL_CODINGS)
        if is_owner:
            assert person.sign_in().status == 303
        for method, path in routes:
            check(person, method, path, person.ask(method, path))
            if method == "GET":
                check(person, method, path, person.ask(method, path, PARTIAL))
        expect_still_there(person)


def test_whoever_sends_a_form_that_is_refused_gets_what_is_announced(app: Flask, business: Business, port: int) -> None:
    """Strangers, and forms without a token: the body is not read by any view, and is not taken for the next request."""
    with Wire(port) as wire:
        person = Person(wire, ALL_CODINGS)
        for _, path in asked(app, business, "POST"):
            for headers, body in (({}, None), (FORM, b"name=GET+/+HTTP/1.1%0d%0a"), (PARTIAL | FORM, b"name=Harbor")):
                check(person, "POST", path, person.ask("POST", path, headers, body))
        expect_still_there(person)


def test_every_form_of_the_owner_sends_what_it_announces(app: Flask, business: Business, port: int) -> None:
    """Signs in again where a form ended the session."""
    with Wire(port) as wire:
        person = Person(wire, ALL_CODINGS)
        statuses: set[int] = set()
        for _, path in asked(app, business, "POST"):
            if person.ask("HEAD", "/profile").status != 200:
                person.cookies.clear()
                assert person.sign_in().status == 303
            body = urlencode({"csrf_token": person.token("/profile")}).encode()
            for headers in (FORM, FORM | PARTIAL):
                answer = person.ask("POST", path, headers, body)
                check(person, "POST", path, answer)
                statuses.add(answer.status)
        expect_still_there(person)
    assert {200, 303, 404, 422} <= statuses


def test_methods_that_no_route_takes_send_what_they_announce(app: Flask, business: Business, port: int) -> None:
    with Wire(port) as wire:
        person = Person(wire, ALL_CODINGS)
        for _, path in asked(app, business, "OPTIONS"):
            # The API has no PUT, and the pages have neither.
            answer = person.ask("PUT", path, FORM, b"name=Harbor")
            check(person, "PUT", path, answer)
            assert answer.status == 405, path
        expect_still_there(person)
