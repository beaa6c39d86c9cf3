"""An example of every schema, for people: from the examples of its fields, or from their types."""

import json
from typing import Any, cast

from billingportal.plain_json import Json

Schema = dict[str, Any]
MOMENT = "2026-11-26T10:02:00Z"


def example_of(schema: Schema, schemas: Schema) -> Json:
    """One value that fits the schema. `schemas` are those that it may refer to, by name."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for name in ("examples", "enum"):
        if schema.get(name):
            return cast(Json, schema[name][0])
    if "const" in schema:
        return cast(Json, schema["const"])
    choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if choices:
        return None if is_empty_in_an_example(schema, choices) else example_of(choices[0], schemas)
    return of_type(schema, schemas)


def is_empty_in_an_example(schema: Schema, choices: list[Schema]) -> bool:
    """Whether null says more than an invented value: it is the default, or a bare type that may be null.

    A client of the example is not suspended and archived, though both times are in its answer.
    """
    may_be_null = {"type": "null"} in choices
    is_bare = not {"$ref", "examples", "enum", "const", "items"} & choices[0].keys()
    return ("default" in schema and schema["default"] is None) or (may_be_null and is_bare)


def of_type(schema: Schema, schemas: Schema) -> Json:
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: example_of(field, schemas) for name, field in fields.items()}
    if kind == "array":
        return [example_of(schema["items"], schemas)]
    if kind == "integer":
        return cast(int, schema.get("default", max(1, schema.get("minimum", 1))))
    if kind == "boolean":
        return cast(bool, schema.get("default", False))
    return MOMENT if schema.get("format") == "date-time" else ""


def in_lines(example: Json) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)
