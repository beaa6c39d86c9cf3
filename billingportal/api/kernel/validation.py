"""Checks a request against the models of its operation, and says in plain words what is wrong with each field."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from billingportal.api.kernel.operation import Input
from billingportal.api.kernel.problems import FieldError, Problem
from billingportal.plain_json import Json

M = TypeVar("M", bound=Input)
MOST_ERRORS = 50
# By pydantic's type of error; of every other type its own message is used, which never has the value in it.
WORDS = {
    "missing": "It is missing.",
    "extra_forbidden": "There is no such field.",
    "string_type": "It has to be text.",
    "int_type": "It has to be a whole number.",
    "int_from_float": "It has to be a whole number.",
    "int_parsing": "It has to be a whole number.",
    "bool_type": "It has to be true or false.",
    "list_type": "It has to be a list.",
    "tuple_type": "It has to be a list.",
    "dict_type": "It has to be an object.",
    "model_type": "It has to be an object.",
    "model_attributes_type": "It has to be an object.",
    "string_pattern_mismatch": "It has another form. The documentation of the operation has an example.",
}


def check_body(model: type[M], document: Json) -> M:
    """The body as its model. Raises Problem with a pointer for each wrong field."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = {pointer(one["loc"], document): words(one) for one in reversed(errors_of(error))}
    raise problem_of([FieldError(detail, pointer=place) for place, detail in reversed(found.items())])


def check_query(model: type[M] | None, parameters: dict[str, str]) -> M | None:
    """The parameters of the address as their model, which reads numbers and times from text. Raises Problem."""
    if model is None:
        if parameters:
            raise problem_of([FieldError("There is no such parameter.", parameter=name) for name in parameters])
        return None
    try:
        return model.model_validate_strings(parameters)
    except ValidationError as error:
        found = {str(one["loc"][0]): words(one) for one in reversed(errors_of(error))}
    raise problem_of([FieldError(detail, parameter=name) for name, detail in reversed(found.items())])


def errors_of(error: ValidationError) -> Sequence[ErrorDetails]:
    return error.errors(include_url=False, include_context=True, include_input=False)[:MOST_ERRORS]


def words(error: ErrorDetails) -> str:
    """What is wrong, for people. Our own checks raise ValueError with words of their own."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "literal_error":
        return f"It has to be {error['ctx']['expected']}."
    return WORDS.get(error["type"]) or f"{error['msg']}."


def pointer(place: tuple[int | str, ...], document: Json) -> str:
    """The JSON pointer (RFC 6901) of a place in the body. Parts that only name a choice of types are left out."""
    found, inside = "", document
    for part in place:
        if isinstance(inside, list) and isinstance(part, int):
            inside = inside[part]
        elif isinstance(inside, dict) and isinstance(part, str) and part != "[key]":
            inside = inside.get(part)
        else:
            break
        found += "/" + str(part).replace("~", "~0").replace("/", "~1")
    return found


def problem_of(errors: Sequence[FieldError]) -> Problem:
    count = "1 field is wrong." if len(errors) == 1 else f"{len(errors)} fields are wrong."
    return Problem("invalid", count, tuple(errors))
