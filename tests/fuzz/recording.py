"""Notes which parameters, fields, files, cookies and headers a view reads, also those that no page shows."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from flask import Flask, Request
from werkzeug.datastructures import EnvironHeaders, ImmutableMultiDict, MultiDict
from werkzeug.utils import cached_property

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Place = Literal["args", "form", "files", "cookies", "headers"]
PLACES: tuple[Place, ...] = ("args", "form", "files", "cookies", "headers")
KEY = "fuzz.reads"
# A view that makes names of what it was sent would otherwise fill the memory with them.
MOST_NAMES = 80


class Reads:
    """Names by place, in the order in which they were first read."""

    def __init__(self) -> None:
        self.names: dict[Place, dict[str, None]] = defaultdict(dict)

    def note(self, place: Place, name: object) -> None:
        found = self.names[place]
        if isinstance(name, str) and name and len(found) < MOST_NAMES:
            found[name] = None

    def of(self, place: Place) -> list[str]:
        return list(self.names.get(place, ()))

    def add(self, other: "Reads") -> None:
        for place in PLACES:
            for name in other.of(place):
                self.note(place, name)


class NotedValues(ImmutableMultiDict[str, Any]):
    """What the client sent in one place; asking for a name notes it, whether it was sent or not."""

    def __init__(self, values: MultiDict[str, Any], place: Place, reads: Reads) -> None:
        super().__init__(values)
        self.place: Place = place
        self.reads = reads

    def __getitem__(self, key: str) -> Any:
        self.reads.note(self.place, key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.reads.note(self.place, key)
        return super().__contains__(key)

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        self.reads.note(self.place, key)
        return super().getlist(key, type) if type else super().getlist(key)


class NotedHeaders(EnvironHeaders):
    """The request's headers; each name that is asked for is noted."""

    def __init__(self, environ: "WSGIEnvironment", reads: Reads) -> None:
        super().__init__(environ)
        self.reads = reads

    def _get_key(self, key: str) -> str:
        self.reads.note("headers", key)
        return super()._get_key(key)


class RecordingRequest(Request):
    """A request whose environment holds the notes to write into. Goes before the application's own class."""

    def __init__(self, environ: "WSGIEnvironment", *given: Any, **more: Any) -> None:
        super().__init__(environ, *given, **more)
        self.reads: Reads = environ.get(KEY) or Reads()
        self.headers = NotedHeaders(environ, self.reads)

    @cached_property
    def args(self) -> NotedValues:
        return NotedValues(super().args, "args", self.reads)

    @cached_property
    def cookies(self) -> NotedValues:
        return NotedValues(super().cookies, "cookies", self.reads)

    def _load_form_data(self) -> None:
        is_new = "form" not in self.__dict__
        super()._load_form_data()
        if is_new:
            self.__dict__["form"] = NotedValues(self.__dict__["form"], "form", self.reads)
            self.__dict__["files"] = NotedValues(self.__dict__["files"], "files", self.reads)


def record(app: Flask) -> None:
    """Have the application note what its views read."""
    app.request_class = type("Recorded", (RecordingRequest, app.request_class), {})
