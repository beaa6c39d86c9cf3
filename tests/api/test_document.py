"""The document and the pages that come from the declarations."""

import importlib
import json
import pkgutil
from typing import Any

import pytest

from billingportal.api import operations
from billingportal.api.kernel.operation import Operation
from billingportal.api.kernel.problems import NAMES
from tests.support.pages import Visitor, text_of

# No log hides them: reading one gives access to nothing.
PUBLIC_PARAMETERS = {"client", "workspace", "reservation", "id", "key"}


def document(client: Visitor) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return dict(json.loads(answer.text))


def test_every_operation_is_in_the_document(client: Visitor) -> None:
    told = document(client)
    declared = {
        (path, method.upper(), one["operationId"])
        for path, methods in told["paths"].items()
        for method, one in methods.items()
    }
    assert declared == {(one.path, one.method, one.name) for one in operations.all_operations()}
    assert len({one[2] for one in declared}) == len(declared)


def test_no_operation_is_declared_and_left_out() -> None:
    """Whatever module of the API declares one."""

    import billingportal.api as package

    modules = [
        importlib.import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)
    ]
    found = {id(one) for module in modules for one in vars(module).values() if isinstance(one, Operation)}
    assert found == {id(one) for one in operations.all_operations()}


def test_every_field_of_an_input_is_strict_and_every_object_closed(client: Visitor) -> None:
    for one in operations.all_operations():
        for model in (one.query, one.body):
            assert model is None or (model.model_config["strict"] and model.model_config["extra"] == "forbid"), one.name


def test_no_path_has_a_secret() -> None:
    assert {name for one in operations.all_operations() for name in one.path_types} <= PUBLIC_PARAMETERS


def test_every_operation_says_what_it_does() -> None:
    for one in operations.all_operations():
        assert one.summary, one.name
        assert one.description, one.name


def test_the_reference_shows_every_operation_without_script(client: Visitor) -> None:
    answer = client.get("/api/v1/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "<script" not in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    words = text_of(answer)
    for one in operations.all_operations():
        assert one.path in words
        assert one.summary in words
    assert "curl -X PATCH $API/clients/external:4711" in words


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_has_a_page(client: Visitor, name: str) -> None:
    answer = client.get(f"/api/v1/problems/{name}")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert name in text_of(answer)


@pytest.mark.parametrize("path", ["docs", "problems/invalid", "openapi.json"])
def test_a_document_is_only_read(client: Visitor, path: str) -> None:
    refused = client.post(f"/api/v1/{path}")
    assert (refused.status_code, refused.mimetype) == (405, "application/problem+json")
    assert refused.headers["Allow"] == "GET, HEAD"


def test_no_page_of_an_error_comes_from_below_the_api(client: Visitor) -> None:
    answer = client.get("/api/v1/problems/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
