"""Answers of the API and their JSON."""

import json
from dataclasses import dataclass, field

from pydantic import BaseModel

from billingportal.api.kernel.problems import Problem
from billingportal.plain_json import JsonObject

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """An answer of an operation. `body`: one of the models that the operation declares, or its JSON, if it is known.

    `is_secret`: the body gives access to something, so it is sealed where it is stored for its idempotency key.
    """

    status: int
    body: BaseModel | JsonObject | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    is_secret: bool = False


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it is sent and stored."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_secret: bool = False

    @property
    def content_type(self) -> str | None:
        if not self.body:
            return None
        return PROBLEM_TYPE if self.status >= 400 else JSON_TYPE


def raw_answer(answer: Answer) -> RawAnswer:
    return RawAnswer(answer.status, json_of(answer.body), answer.headers, answer.is_secret)


def json_of(body: BaseModel | JsonObject | bytes | None) -> bytes:
    if isinstance(body, BaseModel):
        return body.__pydantic_serializer__.to_json(body)
    if body is None or isinstance(body, bytes):
        return body or b""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def answer_of_problem(problem: Problem, instance: str) -> RawAnswer:
    """The problem as application/problem+json. `instance` is the path of the request."""
    document: JsonObject = {
        "type": f"/api/v1/problems/{problem.name}",
        "title": problem.type.title,
        "status": problem.type.status,
        "detail": problem.detail,
        "instance": instance,
    }
    if problem.errors:
        document["errors"] = [{**error.to_json()} for error in problem.errors]
    return RawAnswer(problem.type.status, json_of(document), problem.headers)
