"""Lists as Stripe pages them: newest first, cursors by id, ranges."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document

DEFAULT_LIMIT = 10
CURSORS = ("starting_after", "ending_before")
Test = Callable[[Document], bool]


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    data: list[Document]
    has_more: bool
    url: str


def page(call: Call, kind: str, url: str, documents: Iterable[Document], *tests: Test) -> Page:
    """The page that `limit`, `starting_after` and `ending_before` ask for, of documents in list order.

    Raises Refused for a cursor that names no object.
    """
    for name in CURSORS:
        cursor = call.parameters.get(name)
        if cursor and call.store.find(kind, cursor) is None:
            raise call.absent(kind, cursor, name, status=400)
    return cut(call, url, documents, (living, *tests))


def page_of(call: Call, kind: str, url: str, documents: list[Document]) -> Page:
    """The page of computed documents, which are stored nowhere. Raises Refused for a cursor that names none of them."""
    known = {document["id"] for document in documents}
    for name in CURSORS:
        if call.parameters.get(name, "") not in ("", *known):
            raise call.absent(kind, call.parameters[name], name, status=400)
    return cut(call, url, documents, ())


def cut(call: Call, url: str, documents: Iterable[Document], tests: tuple[Test, ...]) -> Page:
    """The page of the documents that pass the tests. Raises Refused for two cursors."""
    after, before = (call.parameters.get(name) for name in CURSORS)
    if after and before:
        raise invalid("You may only specify one of these parameters: ending_before, starting_after.")
    limit: int = call.parameters.get("limit", DEFAULT_LIMIT)
    if before:
        leading = list(until(before, documents, tests))
        return Page(leading[-limit:], len(leading) > limit, url)
    rest = beyond(after, documents) if after else documents
    found: list[Document] = []
    for document in rest:
        if all(test(document) for test in tests):
            if len(found) == limit:
                return Page(found, True, url)
            found.append(document)
    return Page(found, False, url)


def living(document: Document) -> bool:
    """Whether an object is not deleted."""
    return not document.get("deleted")


def until(cursor: str, documents: Iterable[Document], tests: tuple[Test, ...]) -> Iterable[Document]:
    """The documents before the cursor that pass the tests."""
    for document in documents:
        if document["id"] == cursor:
            return
        if all(test(document) for test in tests):
            yield document


def beyond(cursor: str, documents: Iterable[Document]) -> Iterable[Document]:
    """The documents after the cursor."""
    passed = False
    for document in documents:
        if passed:
            yield document
        passed = passed or document["id"] == cursor


def equal(call: Call, *names: str) -> Test:
    """Whether the attributes equal the parameters of the same names, where given."""
    wanted = {name: call.parameters[name] for name in names if name in call.parameters}
    return lambda document: all(document.get(name) == value for name, value in wanted.items())


def within(value: int | None, wanted: object) -> bool:
    """Whether a time equals the wanted one or lies in the wanted range; always true without either."""
    if wanted is None:
        return True
    if value is None:
        return False
    if not isinstance(wanted, dict):
        return value == wanted
    return bool(
        value > wanted.get("gt", value - 1)
        and value >= wanted.get("gte", value)
        and value < wanted.get("lt", value + 1)
        and value <= wanted.get("lte", value)
    )


def created_within(call: Call) -> Test:
    """Whether an object was created in the requested range."""
    wanted = call.parameters.get("created")
    return lambda document: within(document["created"], wanted)
