"""A host platform that calls the API. Each answer is checked against the declaration of its operation."""

from dataclasses import dataclass, field
from typing import Any, cast

from flask import Flask

from billingportal.api.kernel.problems import PROBLEM_TYPES, ProblemName
from billingportal.api.kernel.router import Router
from billingportal.api.operations import all_operations
from billingportal.db import transaction
from billingportal.domain.auth import api_keys
from billingportal.models.connection.processor_account import Mode

ROOT = "/api/v1"
EVERY_SCOPE = ("read", "usage", "manage")
# Problems that any operation may answer with.
SHARED: tuple[ProblemName, ...] = (
    "malformed",
    "unauthenticated",
    "scope_missing",
    "rate_limited",
    "too_large",
    "not_json",
    "invalid",
    "idempotency_key_in_use",
    "idempotency_key_reused",
    "internal",
    "unavailable",
)


@dataclass(frozen=True)
class Reply:
    """`json` is None for an answer without a body."""

    status: int
    json: Any
    headers: dict[str, str] = field(repr=False)

    @property
    def problem(self) -> str | None:
        """The name of the problem, if it is one."""
        if self.status < 400:
            return None
        assert self.headers["Content-Type"] == "application/problem+json"
        return cast(str, self.json["type"]).removeprefix(f"{ROOT}/problems/")


@dataclass(frozen=True)
class Caller:
    """Calls the API with one key. `path` is below `/api/v1`."""

    app: Flask
    key: str | None

    def get(self, path: str, **given: Any) -> Reply:
        return self.call("GET", path, **given)

    def post(self, path: str, json: object = None, **given: Any) -> Reply:
        return self.call("POST", path, json=json, **given)

    def patch(self, path: str, json: object = None, **given: Any) -> Reply:
        return self.call("PATCH", path, json=json, **given)

    def delete(self, path: str, json: object = None, **given: Any) -> Reply:
        return self.call("DELETE", path, json=json, **given)

    def call(self, method: str, path: str, *, idempotency_key: str | None = None, **given: Any) -> Reply:
        headers = dict(given.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        given = {name: value for name, value in given.items() if value is not None}
        answer = self.app.test_client().open(ROOT + path, method=method, headers=headers, **given)
        reply = Reply(answer.status_code, answer.json if answer.data else None, dict(answer.headers))
        answer.close()  # as a server does, after it has sent the answer
        check(method, path.partition("?")[0], reply, answer.data)
        return reply


def check(method: str, path: str, reply: Reply, body: bytes) -> None:
    """The answer is one that the operation declares."""
    assert "Set-Cookie" not in reply.headers
    assert reply.headers["Request-Id"]
    found = Router(all_operations()).find(path.strip("/").split("/"))
    operation = found.operations.get(method) if found else None
    if operation is None:
        assert reply.status in (404, 405)
    elif reply.problem is not None:
        assert reply.problem in (*SHARED, *operation.problems, "idempotency_key_missing")
        assert PROBLEM_TYPES[reply.problem].status == reply.status
    else:
        model = operation.answers[reply.status]
        if model is None:
            assert not body
        else:
            model.model_validate_json(body, strict=True)


def new_key(
    app: Flask,
    staff_id: int,
    *,
    scopes: tuple[str, ...] = EVERY_SCOPE,
    mode: Mode = "test",
    name: str = "Chat platform",
    **given: Any,
) -> Caller:
    """A caller with a new API key."""
    with app.app_context(), transaction() as session:
        _, key = api_keys.create_key(session, mode, name, scopes, given.get("expires_at"), staff_id)
    return Caller(app, key)
