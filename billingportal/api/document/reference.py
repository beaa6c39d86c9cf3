"""The OpenAPI document as people read it: each operation with its input, problems and examples."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from billingportal.api.document.examples import Schema, example_of, in_lines
from billingportal.api.document.openapi import document_of
from billingportal.api.kernel.operation import Group, Operation
from billingportal.plain_json import Json

Shown = tuple[str, str]
LIMITS = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", ""))


@dataclass(frozen=True)
class ShownInput:
    """A parameter or field. `note` is where it stands and whether it has to be there."""

    name: str
    note: str
    text: str


@dataclass(frozen=True)
class ShownOperation:
    """`request` is a command line; `answers` are titles with JSON. `problems` leave out those of every operation."""

    id: str
    method: str
    path: str
    scope: str
    summary: str
    text: str
    inputs: tuple[ShownInput, ...]
    problems: tuple[str, ...]
    request: str
    answers: tuple[Shown, ...]


@dataclass(frozen=True)
class ShownGroup:
    title: str
    text: str
    operations: tuple[ShownOperation, ...]


def reference_of(groups: Iterable[Group]) -> tuple[ShownGroup, ...]:
    """Every operation in the order of the documentation."""
    groups = tuple(groups)
    document = document_of(groups)
    return tuple(
        ShownGroup(group.title, group.text, tuple(shown(one, document) for one in group.operations)) for group in groups
    )


def shown(one: Operation, document: Schema) -> ShownOperation:
    declared = document["paths"][one.path][one.method.lower()]
    schemas = document["components"]["schemas"]
    body = declared["requestBody"]["content"]["application/json"]["schema"] if "requestBody" in declared else None
    return ShownOperation(
        id=one.name.replace("_", "-"),
        method=one.method,
        path=one.path,
        scope=one.scope,
        summary=one.summary,
        text=one.description.replace("\n", " "),
        inputs=(*of_parameters(declared["parameters"]), *(of_body(body, schemas) if body else ())),
        problems=one.problems,
        request=command_of(one, declared, None if body is None else sent(example_of(body, schemas))),
        answers=tuple(answers_of(declared["responses"], schemas)),
    )


def of_parameters(parameters: Iterable[Schema]) -> Iterator[ShownInput]:
    for one in parameters:
        need = ", required" if one["required"] and one["in"] == "header" else ""
        yield ShownInput(one["name"], f"{one['in']}{need}", one.get("description", ""))


def of_body(body: Schema, schemas: Schema) -> Iterator[ShownInput]:
    schema = schemas[body["$ref"].rpartition("/")[2]]
    for name, field in schema.get("properties", {}).items():
        need = "required" if name in schema.get("required", ()) else "optional"
        yield ShownInput(name, need, described(field) or limits_of(field))


def described(field: Schema) -> str:
    """The description of a field, or of what it is when it is not null."""
    found = [one["description"] for one in (field, *field.get("anyOf", ())) if "description" in one]
    return str(next(iter(found), ""))


def limits_of(field: Schema) -> str:
    """The range of a number, or the length of a text or list."""
    for low, high, unit in LIMITS:
        if high in field:
            return f"{field.get(low, 0):,} to {field[high]:,}{unit}."
    return ""


def command_of(one: Operation, declared: Schema, body: object) -> str:
    """The request as a command line of curl."""
    path = one.path
    for parameter in declared["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(example_of(parameter["schema"], {})))
    lines = [f"curl $API{path}" if one.method == "GET" else f"curl -X {one.method} $API{path}"]
    lines.append('-H "Authorization: Bearer $KEY"')
    if one.idempotency != "none":
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(body, indent=2, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)


def sent(example: Json) -> Json:
    """The example without the fields that a caller may as well leave out."""
    return (
        {name: value for name, value in example.items() if value is not None} if isinstance(example, dict) else example
    )


def answers_of(responses: Schema, schemas: Schema) -> Iterator[Shown]:
    """The answers that are no problems. Of several with the same body, the first."""
    seen: list[object] = []
    for status, response in responses.items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema is not None and schema not in seen:
            seen.append(schema)
            yield status, in_lines(example_of(schema, schemas))
