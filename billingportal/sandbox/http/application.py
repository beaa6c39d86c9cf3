"""From a request to an answer: key, idempotency, operation, rights, parameters, handler, presentation."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from billingportal.sandbox import clock
from billingportal.sandbox.billing.metering import error_reports, processing
from billingportal.sandbox.control import faults
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, internal, invalid
from billingportal.sandbox.http.router import Operation, find
from billingportal.sandbox.http.traffic import idempotency
from billingportal.sandbox.http.traffic.answers import refusal, rendered, spoiled, with_headers
from billingportal.sandbox.http.traffic.limits import Limits
from billingportal.sandbox.http.version_two import bodies
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.reference.versions import KNOWN_VERSIONS
from billingportal.sandbox.resources.core import test_clocks
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
        # How many seconds the `Date` of an answer is ahead of the clock.
        self.date_skew = 0

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
        token = request.headers.get("idempotency-key") if bodies.takes_idempotency_key(request) else None
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
            keeps_failures = not bodies.is_version_two(request.path)  # API v2 executes failed work again
            if executed and fault is not None and fault.stored and keeps_failures:
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
            call.modifies = operation.method != "GET"
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
        parameters = operation.parameters.read(bodies.given(request), "")
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
        """Process the meter events and finish the advances whose time has come. The lock is held."""
        if test_clocks.is_due(store):
            with self.acting(store) as call:
                test_clocks.keep_time(call)
        if store.waiting or store.rejected:
            with self.acting(store) as call:
                processing.process(call)
                error_reports.collect(call)

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
