"""The pages about the API, for people: the reference, and what each problem means. They are ordinary pages."""

from functools import cache

from flask import Blueprint, Response, abort, render_template

from billingportal.api.document.reference import ShownGroup, reference_of
from billingportal.api.kernel.problems import NAMES, PROBLEM_TYPES
from billingportal.api.operations import GROUPS

blueprint = Blueprint("api_pages", __name__, url_prefix="/api/v1")
PATHS = frozenset({"docs", *(f"problems/{name}" for name in NAMES)})
# Seconds for which anybody may keep a page.
KEPT = 300


@blueprint.get("/docs")
def reference() -> Response:
    return for_everybody(render_template("api/reference.html", groups=reference_groups(), problems=PROBLEM_TYPES))


@blueprint.get("/problems/<public:name>")
def problem(name: str) -> Response:
    found = next((one for one in NAMES if one == name), None)
    if found is None:
        abort(404)
    return for_everybody(render_template("api/problem.html", name=found, problem=PROBLEM_TYPES[found]))


@cache
def reference_groups() -> tuple[ShownGroup, ...]:
    return reference_of(GROUPS)


def for_everybody(text: str) -> Response:
    """A page that is the same for everybody, so that caches may keep it."""
    return Response(text, headers={"Cache-Control": f"public, max-age={KEPT}"})
