"""The OpenAPI 3.1 document, made from the declarations of the operations and nothing else."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from billingportal.api.kernel.operation import Group, Operation
from billingportal.api.kernel.problems import PROBLEM_TYPES, ProblemName
from billingportal.api.kernel.reading import LONGEST_IDEMPOTENCY_KEY

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
INTRODUCTION = (
    "Ask what a client may use, and report what it used. Send `Authorization: Bearer` with an API key of "
    "Settings > API keys; it sees the clients of its own mode only. Every answer has a `Request-Id`."
)
# Problems of every operation, of those with input, and of those that write.
EVERYWHERE: tuple[ProblemName, ...] = (
    "malformed",
    "unauthenticated",
    "scope_missing",
    "invalid",
    "rate_limited",
    "internal",
    "unavailable",
)
OF_BODIES: tuple[ProblemName, ...] = ("too_large", "not_json")
OF_WRITES: tuple[ProblemName, ...] = ("idempotency_key_in_use", "idempotency_key_reused")
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "A problem (RFC 9457). `type` leads to a page that explains it.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "examples": ["/api/v1/problems/invalid"]},
        "title": {"type": "string", "examples": ["Some fields are wrong"]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string", "examples": ["1 field is wrong."]},
        "instance": {"type": "string", "examples": ["/api/v1/clients"]},
        "errors": {
            "type": "array",
            "description": "`pointer` leads to a field of the body, `parameter` names one of the address.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["/email"]},
                    "parameter": {"type": "string", "examples": ["limit"]},
                    "detail": {"type": "string", "examples": ["It is missing."]},
                },
            },
        },
    },
}


def document_of(groups: Iterable[Group]) -> Schema:
    """The whole document."""
    groups = tuple(groups)
    operations = [one for group in groups for one in group.operations]
    references, schemas = schemas_of(operations)
    paths: dict[str, Schema] = {}
    for group in groups:
        for one in group.operations:
            paths.setdefault(one.path, {})[one.method.lower()] = described(one, group.title, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Billing Portal", "version": "1", "description": INTRODUCTION},
        "servers": [{"url": "/api/v1"}],
        "tags": [{"name": group.title, "description": group.text} for group in groups],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
        },
    }


def schemas_of(operations: Iterable[Operation]) -> tuple[Mapping[type[BaseModel], Schema], Schema]:
    """A reference to the schema of each body and answer, and the schemas by name."""
    used: dict[type[BaseModel], JsonSchemaMode] = {}
    for one in operations:
        if one.body is not None:
            used[one.body] = "validation"
        used |= {model: "serialization" for model in one.answers.values() if model is not None}
    found, definitions = models_json_schema(list(used.items()), ref_template=REFERENCE)
    return {model: found[(model, mode)] for model, mode in used.items()}, definitions.get("$defs", {})


def described(one: Operation, tag: str, references: Mapping[type[BaseModel], Schema]) -> Schema:
    """One operation of the document."""
    found: Schema = {
        "operationId": one.name,
        "tags": [tag],
        "summary": one.summary,
        "description": f"{one.description}\n\nNeeds a key with the scope `{one.scope}`.",
        "parameters": list(parameters_of(one)),
        "responses": responses_of(one, references),
    }
    if one.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": references[one.body]}}}
    return found


def parameters_of(one: Operation) -> Iterator[Schema]:
    for name, kind in one.path_types.items():
        yield parameter("path", name, kind.json_schema(), required=True)
    if one.query is not None:
        whole = one.query.model_json_schema(ref_template=REFERENCE)
        for name, schema in whole["properties"].items():
            yield parameter("query", name, without_null(schema), required=name in whole.get("required", ()))
    if one.idempotency != "none":
        schema = {
            "type": "string",
            "pattern": "^[!-~]+$",
            "minLength": 1,
            "maxLength": LONGEST_IDEMPOTENCY_KEY,
            "description": "The same request with the same key gets the same answer for 24 hours.",
        }
        yield parameter("header", "Idempotency-Key", schema, required=one.idempotency == "required")


def parameter(place: str, name: str, schema: Schema, *, required: bool) -> Schema:
    found: Schema = {"name": name, "in": place, "required": required, "schema": schema}
    if "description" in schema:
        found["description"] = schema.pop("description")
    return found


def without_null(schema: Schema) -> Schema:
    """The schema of a parameter that may be left out: an address has no null."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**choices[0], **rest}


def problems_of(one: Operation) -> tuple[ProblemName, ...]:
    """Every problem that the operation may answer with."""
    of_key: tuple[ProblemName, ...] = ("idempotency_key_missing",) if one.idempotency == "required" else ()
    return (
        *EVERYWHERE,
        *(OF_BODIES if one.body is not None else ("too_large",) if one.method != "GET" else ()),
        *(OF_WRITES if one.idempotency != "none" else ()),
        *of_key,
        *one.problems,
    )


def responses_of(one: Operation, references: Mapping[type[BaseModel], Schema]) -> Schema:
    responses: Schema = {}
    for status, model in one.answers.items():
        found: Schema = {"description": model.__doc__ or "" if model is not None else "No body."}
        if model is not None:
            found["content"] = {"application/json": {"schema": references[model]}}
        responses[str(status)] = found
    names = problems_of(one)
    for status in sorted({PROBLEM_TYPES[name].status for name in names}):
        told = [f"`{name}`: {PROBLEM_TYPES[name].title}." for name in names if PROBLEM_TYPES[name].status == status]
        schema = {"$ref": REFERENCE.format(model="Problem")}
        content = {"application/problem+json": {"schema": schema}}
        responses[str(status)] = {"description": " ".join(told), "content": content}
    return responses


def as_bytes(document: Schema) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
