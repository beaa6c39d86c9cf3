"""What the document allows and forbids is what the API takes and refuses: generated requests, every check."""

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished
from sqlalchemy.orm import Session

from billingportal.api.operations import all_operations
from billingportal.db import transaction
from billingportal.domain.api import settings as api_settings
from billingportal.models.auth.staff import Staff
from tests.support.api.callers import EVERY_SCOPE, new_key
from tests.support.catalog.plans import new_plan
from tests.support.people.clients import new_client
from tests.support.server import serving

# 422 is the answer to what the schema cannot know: that a plan is not there, or a client has another currency.
TAKEN = ["2xx", "401", "403", "404", "409", "422"]
# The examples and the edge cases of each schema; then some requests at random.
EDGES, RANDOM = ("examples", "coverage"), ("fuzzing",)


def config_for(key: str, phases: tuple[str, ...], most: int) -> SchemathesisConfig:
    every = ("examples", "coverage", "fuzzing", "stateful")
    return SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {key}"},
            "seed": 1,
            "generation": {"max-examples": most, "deterministic": True, "database": "none"},
            "phases": {name: {"enabled": name in phases} for name in every},
            "checks": {"positive_data_acceptance": {"expected-statuses": TAKEN}},
        }
    )


def findings(url: str, config: SchemathesisConfig) -> tuple[list[str], set[str]]:
    """Whatever any check finds, and the operations that were tried."""
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json", config=config)
    found, tried, is_finished = [], set(), False
    for event in from_schema(schema).execute():
        is_finished = is_finished or isinstance(event, EngineFinished)
        if isinstance(event, NonFatalError | FatalError):
            found.append(str(event.info if isinstance(event, NonFatalError) else event.exception))
        elif isinstance(event, ScenarioFinished):
            tried.add(event.recorder.label)
            found += failures(event)
    assert is_finished
    return found, tried


def failures(event: ScenarioFinished) -> list[str]:
    return [
        f"{event.recorder.label}: {check.name}: {check.failure_info.failure}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.failure_info is not None
    ]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("scopes", "phases", "most"),
    [
        (EVERY_SCOPE, EDGES, 1),
        (EVERY_SCOPE, RANDOM, 3),
        *(((scope,), RANDOM, 1) for scope in EVERY_SCOPE),
    ],
)
def test_the_document_holds(
    app: Flask, owner: Staff, session: Session, scopes: tuple[str, ...], phases: tuple[str, ...], most: int
) -> None:
    """In a portal that has what the examples of the document name."""
    new_plan(owner.id, "Growth", is_active=True)
    new_client(external_id="4711", workspace_name="Desk", workspace_external_id="a1")
    with transaction() as writing:
        api_settings.change_requests_per_second(writing, "100000", staff_id=owner.id)
    key = new_key(app, owner.id, scopes=scopes).key

    with serving(app) as url:
        found, tried = findings(url, config_for(str(key), phases, most))

    assert found == []
    assert tried == {f"{one.method} {one.path}" for one in all_operations()}
