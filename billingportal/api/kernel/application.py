"""Answers requests below `/api/`: a WSGI application of its own in front of the pages.

None of the pages' hooks runs for it. It works in the application context of the portal, so both share one pool of
connections, the writers' queue, settings and vault.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wsgi import ClosingIterator

from billingportal import clock
from billingportal.api.kernel.answers import RawAnswer, answer_of_problem
from billingportal.api.kernel.exchange import Exchange, headers_of, prepare
from billingportal.api.kernel.key_ring import KeyRing
from billingportal.api.kernel.operation import Operation
from billingportal.api.kernel.problems import Problem
from billingportal.api.kernel.reading import (
    Address,
    read_address,
    sane_request_id,
)
from billingportal.api.kernel.router import Found, Router
from billingportal.api.kernel.running import run_operation
from billingportal.database.unavailable import UNAVAILABLE, is_mistake
from billingportal.db import spare_transaction
from billingportal.domain.auth import api_keys
from billingportal.domain.auth.api_keys import KeyTerms
from billingportal.portal import current_portal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
PREFIX = "/api/v1/"
# Seconds before a retry makes sense: the longest wait for the database.
RETRY_AFTER = "10"


class Api:
    """`operations` are all there are; `documents` are public JSON documents by their address below
    /api/v1/; the door shows those that are pages, so their text is empty here."""

    def __init__(self, portal: Flask, operations: Iterable[Operation], documents: Mapping[str, bytes]) -> None:
        self._portal = portal
        self._router = Router(operations)
        self._documents = documents
        self._keys = KeyRing()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = Exchange(environ, sane_request_id(environ) or f"req_{secrets.token_hex(12)}")
        with self._portal.app_context():
            answer = self._answer(exchange)
        start_response(f"{answer.status} {HTTP_STATUS_CODES[answer.status].upper()}", headers_of(exchange, answer))
        body = [] if exchange.method == "HEAD" or not answer.body else [answer.body]
        if exchange.terms is None or not self._keys.is_to_note(exchange.terms):
            return body
        return ClosingIterator(body, [partial(self._note_used, exchange.terms)])

    def _answer(self, exchange: Exchange) -> RawAnswer:
        """The answer to every request there can be."""
        try:
            return self._run(exchange)
        except Problem as problem:
            return answer_of_problem(problem, exchange.path)
        except UNAVAILABLE as error:
            if is_mistake(error):
                return failed(exchange)
            current_portal().outage.report(error)
            words = "The database does not answer, or is busy. Nothing is known to be changed."
            return answer_of_problem(Problem("unavailable", words, headers={"Retry-After": RETRY_AFTER}), exchange.path)
        except Exception:  # noqa: BLE001 a program gets JSON whatever happened; the log has the traceback
            return failed(exchange)

    def _run(self, exchange: Exchange) -> RawAnswer:
        address = read_address(exchange.environ, PREFIX)
        exchange.path = address.path
        if not address.path.startswith(PREFIX):
            raise Problem("not_found", "There is no operation at this address.")
        document = self._documents.get(address.path[len(PREFIX) :])
        if document is not None:
            if exchange.method not in ("GET", "HEAD"):
                raise not_allowed(["GET"])
            return RawAnswer(200, document, {"Cache-Control": "public, max-age=300"})
        found, operation = self._operation(exchange, address)
        terms = exchange.terms = self._keys.find(exchange.environ.get("HTTP_AUTHORIZATION", ""))
        exchange.allowance = self._keys.count(terms)
        if exchange.allowance.left < 0:
            words = f"The key may send {exchange.allowance.limit} requests a second to each server process."
            raise Problem("rate_limited", words, headers={"Retry-After": "1"})
        if operation.scope not in terms.scopes:
            raise Problem("scope_missing", f"The operation needs a key with the scope {operation.scope}.")
        return run_operation(prepare(exchange, operation, found, terms))

    def _operation(self, exchange: Exchange, address: Address) -> tuple[Found, Operation]:
        found = self._router.find(address.parts)
        if found is None:
            raise Problem("not_found", "There is no operation at this address.")
        operation = found.operations.get("GET" if exchange.method == "HEAD" else exchange.method)
        if operation is None:
            raise not_allowed(found.operations)
        return found, operation

    def _note_used(self, terms: KeyTerms) -> None:
        """Record that the key is used, after the answer was sent. It waits for nobody, and nothing fails with it."""
        with self._portal.app_context():
            try:
                with spare_transaction() as connection:
                    if connection is not None:
                        api_keys.note_used(connection, terms.id, clock.now())
            except UNAVAILABLE as error:
                log.info("not noted that an API key is used: %s", type(error).__name__)


def not_allowed(methods: Iterable[str]) -> Problem:
    """The problem of an address that takes these methods."""
    taken = set(methods)
    allowed = ", ".join(sorted(taken | ({"HEAD"} if "GET" in taken else set())))
    return Problem("method_not_allowed", f"This address takes {allowed}.", headers={"Allow": allowed})


def failed(exchange: Exchange) -> RawAnswer:
    """Log the error with its traceback, and answer without a word of it."""
    log.exception("failed to answer %s, request %s", exchange.method, exchange.request_id)
    words = f"The portal made a mistake. Tell support the request id {exchange.request_id}."
    return answer_of_problem(Problem("internal", words), exchange.path)
