"""The form of the API's answers: bodies, refusals, headers, and what faults make of them."""

import json
from dataclasses import replace

from billingportal.sandbox.control import faults
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused, internal, locked, too_many_requests
from billingportal.sandbox.http.lists import Page
from billingportal.sandbox.http.presentation import present
from billingportal.sandbox.http.version_two import bodies
from billingportal.sandbox.http.version_two.lists import Listed
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.state.changes import API_VERSION
from billingportal.sandbox.state.shapes import Expansion


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
    return Answer(refused.status, json.dumps(bodies.error_body(refused, path)), refused.headers)


def spoiled(answer: Answer, fault: faults.Fault, path: str) -> Answer:
    """The answer after a fault was applied."""
    if fault.kind == "429":
        answer = refusal(too_many_requests(fault.reason) if fault.reason else locked(), path)
        return replace(answer, headers={**answer.headers, **fault.headers})
    if fault.kind == "500":
        return replace(refusal(internal(), path), headers=fault.headers)
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
