"""From a request to an answer: key, idempotency, operation, rights, parameters, handler, presentation."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from billingportal.sandbox import clock
from billingportal.sandbox.billing.metering import processing
from billingportal.sandbox.control import faults
from billingportal.sandbox.http import form_encoding, idempotency, version_two
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, internal, invalid, too_many_requests
from billingportal.sandbox.http.limits import Limits
from billingportal.sandbox.http.lists import Page
from billingportal.sandbox.http.presentation import present
from billingportal.sandbox.http.router import Operation, find
from billingportal.sandbox.http.version_two import Listed
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.reference.versions import KNOWN_VERSIONS
from billingportal.sandbox.resources.operations import operations
from billingportal.sandbox.state.changes import API_VERSION
from billingportal.sandbox.state.identifiers import new_id
from billingportal.sandbox.state.keys import Key, authenticate, lacking
from billingportal.sandbox.state.shapes import Expansion, read_expand
from billingportal.sandbox.state.store import Store, World
from billingportal.sandbox.webhooks.delivery import Postman

LOG = logging.getLogger(__name__)


class Application:
    """The API itself, without sockets."""

    def __init__(self, world: World, postman: Postman, stopping: threading.Event) -> None:
        self.world = world
        self.postman = postman
        self.stopping = stopping
        self.faults = faults.Faults()
        self.limits = Limits()
        self.operations = operations()
        # The sandbox's address, for the links to its pages.
        self.address = ""

    def answer(self, request: Request) -> Answer:
        """Answer one request to /v1 or /v2, faults included."""
        request_id = new_id("req")
        with self.world.lock:
            fault = self.faults.take(request.method, request.path)
        answer = self.guarded(request, request_id, fault) if fault is None or fault.reaches else Answer(500, "")
        if fault is not None:
            answer = spoiled(answer, fault, request.path)
        self.log(request, request_id, answer)
        return with_headers(answer, request, request_id)

    def guarded(self, request: Request, request_id: str, fault: faults.Fault | None) -> Answer:
        """The answer to a request that reached the API; refusals become error bodies."""
        try:
            with self.world.lock:
                key = authenticate(self.world.keys, request.headers.get("authorization"))
                lane = self.limits.enter(self.world.accounts[key.account], self.world.store_of(key), request)
            try:
                return self.once(request, request_id, key, fault)
            finally:
                with self.world.lock:
                    self.limits.leave(lane)
        except Refused as refused:
            return refusal(refused, request.path)

    def once(self, request: Request, request_id: str, key: Key, fault: faults.Fault | None) -> Answer:
        """Execute the request, late if the fault says so, unless its idempotency key has a stored answer.

        Raises Refused.
        """
        token = request.headers.get("idempotency-key") if version_two.takes_idempotency_key(request) else None
        with self.world.lock:
            store = self.world.store_of(key)
            kept = None if token is None else idempotency.begin(store, request, token)
        if kept is not None:
            return kept
        self.stopping.wait(fault.latency(request.rows) if fault is not None else 0.0)
        with self.world.lock:
            if fault is None or fault.executes:
                answer, executed = self.executed(request, request_id, key, store)
            else:
                answer, executed = refusal(internal(), request.path), True
            if executed and fault is not None and fault.stored:
                answer = refusal(internal(), request.path)
            if token is not None:
                idempotency.finish(store, token, answer, executed=executed)
        return answer

    def executed(self, request: Request, request_id: str, key: Key, store: Store) -> tuple[Answer, bool]:
        """The answer, and whether execution began (an invalid request was not executed)."""
        self.catch_up(store)
        began, sizes = False, store.sizes()
        call = Call(self.world.accounts[key.account], store, request_id=request_id)
        try:
            operation, identifiers = find(self.operations, request.method, request.path)
            parameters, expansion = self.understood(request, key, operation)
            began = True
            call.parameters = parameters
            call.idempotency_key = request.headers.get("idempotency-key")
            call.address = self.address
            result = operation.run(call, identifiers)
            answer = Answer(200, json.dumps(rendered(call, result, expansion)))
            self.publish(call)
            return answer, True
        except Refused as refused:
            if refused.keeps:
                self.publish(call)
            else:
                store.cut_back(sizes)
            return refusal(refused, request.path), began
        except Exception:  # a bug of the sandbox: the client gets Stripe's error for it
            LOG.exception("%s %s failed (%s)", request.method, request.path, request_id)
            store.cut_back(sizes)
            return refusal(internal(), request.path), True

    def understood(self, request: Request, key: Key, operation: Operation) -> tuple[Document, Expansion]:
        """The parameters and expansions of a request. Raises Refused."""
        version = request.headers.get("stripe-version", API_VERSION)
        if version not in KNOWN_VERSIONS:
            raise invalid(f"Invalid Stripe API version: {version}")
        if not key.may(operation.right):
            raise lacking(key, operation.right)
        parameters = operation.parameters.read(given(request), "")
        paths = parameters.pop("expand", [])
        listed = "limit" in operation.parameters.fields
        return parameters, read_expand(paths, operation.kind, listed=listed)

    @contextmanager
    def acting(self, store: Store) -> Iterator[Call]:
        """A call that does not come through the API. Its events are published when it has succeeded.

        The lock is held meanwhile. A Refused discards the created objects, unless it `keeps` them.
        """
        with self.world.lock:
            call, sizes = Call(self.world.accounts[store.account], store, address=self.address), store.sizes()
            try:
                yield call
            except Refused as refused:
                if not refused.keeps:
                    store.cut_back(sizes)
                    raise
                self.publish(call)
                raise
            self.publish(call)

    def catch_up(self, store: Store) -> None:
        """Process the meter events that were received long enough ago. The lock is held."""
        if store.waiting or store.rejected:
            with self.acting(store) as call:
                processing.process(call)

    def publish(self, call: Call) -> None:
        """Store the events of a call and deliver them."""
        for event in call.events:
            call.store.put(event)
            self.postman.accept(call.store, event)

    def log(self, request: Request, request_id: str, answer: Answer) -> None:
        """Remember the request for the home page and the control API."""
        secret = request.headers.get("authorization", "")
        entry = {
            "at": datetime.fromtimestamp(clock.precise(), UTC).isoformat(timespec="milliseconds"),
            "id": request_id,
            "method": request.method,
            "path": request.path,
            "status": None if answer.drop else answer.status,
            "key": secret[-4:],
        }
        with self.world.lock:
            self.world.requests.append(entry)
            self.world.answered += 1


def given(request: Request) -> Document:
    """The parameters of a request as a tree of texts. Raises Refused."""
    if request.method != "POST":
        return form_encoding.decode(request.query)
    decode = version_two.decode if version_two.is_version_two(request.path) else form_encoding.decode
    return decode(request.body)


def rendered(call: Call, result: Document | Page | Listed, expansion: Expansion) -> Document:
    """The body of a successful answer."""
    if isinstance(result, Listed):
        data = [present(call.store, document) for document in result.data]
        return {"data": data, "next_page_url": result.next_page_url, "previous_page_url": None}
    if isinstance(result, Page):
        data = [present(call.store, document, expansion) for document in result.data]
        return {"object": "list", "data": data, "has_more": result.has_more, "url": result.url}
    if "object" not in result:  # what API v2 says of a deleted object
        return result
    return {**present(call.store, result, expansion), **call.revealed}


def refusal(refused: Refused, path: str) -> Answer:
    """The error body, status and headers, as the path's version of the API writes them."""
    body = version_two.error_body(refused) if version_two.is_version_two(path) else refused.body(None)
    return Answer(refused.status, json.dumps(body), refused.headers)


def spoiled(answer: Answer, fault: faults.Fault, path: str) -> Answer:
    """The answer after a fault was applied."""
    if fault.kind == "429":
        return refusal(too_many_requests("global-rate"), path)
    if fault.kind == "500":
        return refusal(internal(), path)
    if fault.kind == "malformed":
        return Answer(200, '{"id": "', {})
    if fault.kind == "latency":
        return answer
    return replace(answer, drop=True, pause=fault.seconds if fault.kind == "timeout" else 0.0)


def with_headers(answer: Answer, request: Request, request_id: str) -> Answer:
    """The headers that every answer of the API carries."""
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
        "Cache-Control": "no-cache, no-store",
        **answer.headers,
    }
    if "idempotency-key" in request.headers:
        headers["Idempotency-Key"] = request.headers["idempotency-key"]
    return replace(answer, headers=headers)
