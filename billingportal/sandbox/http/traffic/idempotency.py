"""Idempotency keys: the first answer is stored and sent again."""

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.state.store import Store

KEPT_SECONDS = 24 * 3600
LONGEST_KEY = 255


def begin(store: Store, request: Request, key: str) -> Answer | None:
    """The stored answer to send again, or None: then the request is in progress until `finish`.

    Raises Refused for a key used with another request, or by a request that is still running.
    """
    if len(key) > LONGEST_KEY:
        raise Refused(f"Idempotency keys are limited to {LONGEST_KEY} characters.", kind="idempotency_error")
    kept = store.answers.get(key)
    if kept is None or now() - kept["at"] > KEPT_SECONDS:
        store.answers[key] = {"at": now(), "path": request.path, "body": request.body, "answer": None}
        return None
    refuse_other_use(kept, request, key)
    if kept["answer"] is None:
        raise Refused(IN_FLIGHT.format(key=key), status=409, kind="idempotency_error", code="idempotency_key_in_use")
    status, body, *headers = kept["answer"]
    return Answer(status, body, {**(headers[0] if headers else {}), "Idempotent-Replayed": "true"})


def refuse_other_use(kept: Document, request: Request, key: str) -> None:
    """Raises Refused when the key was first used with another path or other parameters."""
    if kept["path"] != request.path:
        paths = f"'{kept['path']}' vs '{request.path}'"
        message = (
            f"Keys for idempotent requests can only be used for the same endpoint they were first used for ({paths}). "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise Refused(message, kind="idempotency_error")
    if kept["body"] != request.body:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise Refused(message, kind="idempotency_error")


def finish(store: Store, key: str, answer: Answer, *, executed: bool) -> None:
    """Store the answer; a request refused before it was executed leaves its key free."""
    if executed:
        store.answers[key]["answer"] = [answer.status, answer.body, answer.headers]
    else:
        store.answers.pop(key, None)


IN_FLIGHT = (
    "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
    "twice, and the other request is still going through): {key}. Please try again later."
)
