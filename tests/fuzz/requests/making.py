"""Makes requests: forms and links as pages show them, bent a little; and every route with anything at all."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import parse_qsl, quote, urlsplit

from tests.fuzz.knowledge import ARGUMENT, Knowledge, KnownForm, Route
from tests.fuzz.pages import Field
from tests.fuzz.recording import Place
from tests.fuzz.requests import bodies, hostile
from tests.fuzz.requests.attempts import Attempt
from tests.fuzz.requests.bodies import Pairs
from tests.fuzz.requests.values import Values

CSRF = "csrf_token"
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE")
BOXES = ("checkbox", "submit", "button")


@dataclass(frozen=True)
class Caller:
    """Who sends: the cookies of the session and the token that its pages print."""

    name: str
    cookie: str = ""
    csrf: str = ""


class Maker:
    """Makes one request after the other, the same ones for the same chance. `turn`: the route whose turn is next."""

    def __init__(
        self, chance: Random, knowledge: Knowledge, drawn: Sequence[str], secrets: Sequence[str], turn: int = 0
    ) -> None:
        self.chance = chance
        self.knowledge = knowledge
        self.values = Values(chance, knowledge, drawn, secrets)
        self.by_endpoint: dict[str, list[Route]] = {}
        for route in knowledge.routes:
            self.by_endpoint.setdefault(route.endpoint, []).append(route)
        self.turn = turn

    def make(self, caller: Caller) -> Attempt:
        """Mostly through doors that let this caller in; every route comes up by turns."""
        luck = self.chance.random()
        if luck < 0.45 and (endpoint := self.one_of(self.knowledge.forms, caller)):
            return self.shown_form(caller, self.chance.choice(self.knowledge.forms[endpoint]))
        if luck < 0.55 and (endpoint := self.one_of(self.knowledge.links, caller)):
            return self.shown_link(caller, self.chance.choice(self.knowledge.links[endpoint]))
        if luck < 0.75 and (endpoint := self.one_of(self.by_endpoint, caller)):
            return self.any_route(caller, self.chance.choice(self.by_endpoint[endpoint]))
        route = self.knowledge.routes[self.turn % len(self.knowledge.routes)]
        self.turn += 1
        return self.any_route(caller, route, surely=True)

    def one_of(self, known: Mapping[str, object], caller: Caller) -> str | None:
        """An endpoint of these; three times of four one that let the caller in."""
        let_in = self.knowledge.let_in[caller.name]
        best = [endpoint for endpoint in known if endpoint in let_in]
        chosen = best if best and self.chance.random() < 0.75 else list(known)
        return self.chance.choice(chosen) if chosen else None

    def shown_form(self, caller: Caller, form: KnownForm) -> Attempt:
        """What a person could send, with up to three fields bent."""
        pairs = [pair for shown in form.fields for pair in self.filled(shown)]
        pairs = self.bent(pairs, self.chance.choice((0, 0, 1, 1, 2, 3)))
        files = [shown.name for shown in form.fields if shown.kind == "file"]
        parts = urlsplit(form.address)
        path = self.bent_path(parts.path)
        if form.method == "GET":
            query = bodies.encoded([*parse_qsl(parts.query), *pairs])
            return self.dressed(Attempt(caller.name, "GET", path, query), caller)
        return self.with_body(Attempt(caller.name, form.method, path, parts.query), caller, pairs, files)

    def filled(self, shown: Field) -> Pairs:
        """A field as somebody may leave it. Boxes are ticked or not, buttons hardly ever pressed together."""
        if shown.name == CSRF or shown.kind == "file":
            return []
        if shown.kind in BOXES and self.chance.random() < 0.5:
            return []
        value = self.chance.choice(shown.values) if shown.values else ""
        if shown.kind not in ("hidden", *BOXES) and (not value or self.chance.random() < 0.3):
            value = self.values.good(shown.name)
        return [(shown.name, value)]

    def bent(self, pairs: Pairs, times: int) -> Pairs:
        """So many of the fields changed, repeated, renamed or left out."""
        pairs = list(pairs)
        for _ in range(min(times, len(pairs))):
            at = self.chance.randrange(len(pairs))
            name, value = pairs[at]
            luck = self.chance.random()
            if luck < 0.8:
                pairs[at] = (name, self.values.some(name, 0.25))
            elif luck < 0.88:
                pairs.insert(at, (name, self.values.some(name)))
            elif luck < 0.94:
                pairs[at] = (name + self.chance.choice(("[]", "[0]", "-0", ".1", "\x00", "." + "9" * 40, " ")), value)
            else:
                del pairs[at]
        return pairs

    def shown_link(self, caller: Caller, address: str) -> Attempt:
        parts = urlsplit(address)
        pairs = self.bent(parse_qsl(parts.query, keep_blank_values=True), self.chance.choice((0, 1, 2)))
        path = self.bent_path(parts.path)
        return self.dressed(Attempt(caller.name, "GET", path, bodies.encoded(pairs)), caller)

    def bent_path(self, path: str) -> str:
        """Now and then another id in the address, or something that is none."""
        parts = path.split("/")
        if len(parts) < 3 or self.chance.random() < 0.85:
            return path
        at = self.chance.randrange(1, len(parts))
        parts[at] = quoted(self.values.some("id"))
        return "/".join(parts)

    def any_route(self, caller: Caller, route: Route, *, surely: bool = False) -> Attempt:
        """A route with arguments, parameters and fields that it may know, in a method that it may take.

        `surely`: in a method of its own and with arguments that fit, so that it is this route and no other.
        """
        known = route.methods
        usual = [method for method in known if method not in ("HEAD", "OPTIONS")] or known
        method = self.chance.choice(usual if surely or self.chance.random() < 0.9 else [*known, *METHODS])
        query = self.pairs(route.endpoint, "args") if self.chance.random() < 0.7 else []
        attempt = Attempt(caller.name, method, self.path_of(route, surely=surely), bodies.encoded(query))
        if method in ("GET", "HEAD", "OPTIONS", "TRACE") and self.chance.random() < 0.97:
            return self.dressed(attempt, caller)
        files = self.knowledge.reads[route.endpoint].of("files")
        return self.with_body(attempt, caller, self.pairs(route.endpoint, "form"), files)

    def path_of(self, route: Route, *, surely: bool) -> str:
        """Most arguments are filled from what pages and rows hold, the others with anything."""
        patterns = dict(route.patterns)

        def filled(found: re.Match[str]) -> str:
            name = found[2]
            fits = surely or self.chance.random() < 0.8
            text = self.values.fitting(name, patterns[name]) if fits else self.values.some(name, 0)
            return quoted(text)

        return ARGUMENT.sub(filled, route.rule)

    def pairs(self, endpoint: str, place: Place) -> Pairs:
        """Names that the view reads there, most of them with good values."""
        names = self.knowledge.reads[endpoint].of(place)
        goodness = self.chance.choice((0.3, 0.8, 0.95))
        chosen = [name for name in names if name != CSRF and self.chance.random() < 0.8]
        pairs = [(name, self.values.some(name, goodness)) for name in chosen]
        return self.bent(pairs, self.chance.choice((0, 0, 1)))

    def with_body(self, attempt: Attempt, caller: Caller, pairs: Pairs, files: list[str]) -> Attempt:
        if caller.csrf and self.chance.random() < 0.97:
            pairs = [(CSRF, caller.csrf), *pairs]
        kind, body = bodies.body_of(self.chance, pairs, files)
        headers = (*attempt.headers, ("Content-Type", kind))
        return self.dressed(replace(attempt, headers=headers, body=body), caller)

    def dressed(self, attempt: Attempt, caller: Caller) -> Attempt:
        """With cookies, with the headers of htmx as often as without, and with bad ones now and then."""
        headers = dict(attempt.headers)
        if self.chance.random() < 0.4:
            headers |= {"HX-Request": "true", "HX-Request-Type": self.chance.choice(("partial", "full"))}
        if attempt.body and caller.csrf:
            headers["X-CSRF-Token"] = caller.csrf
        names = self.knowledge.headers.of("headers")
        if names and self.chance.random() < 0.1:
            headers[self.chance.choice(names)] = self.bad_header()
        if cookie := self.cookie(caller):
            headers["Cookie"] = cookie
        address = f"198.51.{self.chance.randrange(256)}.{self.chance.randrange(256)}"
        return replace(attempt, headers=tuple(headers.items()), address=address)

    def cookie(self, caller: Caller) -> str:
        """The session's own; now and then cut or bent, or beside a hostile one of a name that is read."""
        cookie, luck = caller.cookie, self.chance.random()
        if luck < 0.02:
            return cookie[: self.chance.randint(0, len(cookie))]
        names = self.knowledge.headers.of("cookies")
        if luck < 0.06 and names:
            extra = f"{self.chance.choice(names)}={self.bad_header()}"
            return f"{cookie}; {extra}" if cookie else extra
        return cookie

    def bad_header(self) -> str:
        """As a server would hand it on: octets, no line breaks."""
        text = self.chance.choice(hostile.HEADERS) if self.chance.random() < 0.6 else self.values.hostile()
        octets = text.encode("utf-8", "surrogatepass").decode("latin-1")
        return octets.replace("\r", "").replace("\n", "")[:8000]


def quoted(text: str) -> str:
    return quote(text[:3000], safe="", errors="surrogatepass")
