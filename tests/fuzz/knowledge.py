"""What is known of the application: routes, forms and links of its pages, names that views read, good values."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from billingportal.db import db
from tests.fuzz.pages import Field, PageReader
from tests.fuzz.recording import Reads
from tests.fuzz.requests.attempts import Outcome

# In every text of ours that belongs to one person only. It is never sent, so an answer that has it leaks.
PLANTED = "zyzzyva"
# An argument in a rule: its converter, if any, and its name.
ARGUMENT = re.compile(r"<(?:(\w+)[^<>]*:)?(\w+)>")
SECRET_COLUMN = re.compile(r"sealed|hash|password|session_token|payload")
ROWS = 30
MOST = 60
MOST_FORMS = 12
REFUSALS = (400, 401, 403, 404, 405)


@dataclass(frozen=True)
class Route:
    """A rule of the application's url_map."""

    rule: str
    endpoint: str
    methods: tuple[str, ...]
    patterns: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rule: Rule) -> "Route":
        """`patterns` are what the arguments have to look like, by name."""
        patterns = [(name, rule.map.converters[kind or "default"].regex) for kind, name in ARGUMENT.findall(rule.rule)]
        return cls(rule.rule, str(rule.endpoint), tuple(sorted(rule.methods or {"GET"})), tuple(patterns))


@dataclass(frozen=True)
class KnownForm:
    """A form as a page showed it. `address` may have a query."""

    method: str
    address: str
    fields: tuple[Field, ...]


def keep(pool: list[str], value: str, most: int = MOST) -> None:
    if len(pool) < most and value not in pool and PLANTED not in value.lower():
        pool.append(value)


@dataclass
class Knowledge:
    """By endpoint: what views read, forms, links. By name: good values of parameters, fields and path arguments.

    `let_in` are the endpoints that answered a caller with more than a refusal.
    """

    routes: list[Route]
    reads: dict[str, Reads] = field(default_factory=lambda: defaultdict(Reads))
    forms: dict[str, list[KnownForm]] = field(default_factory=lambda: defaultdict(list))
    links: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    passwords: dict[str, None] = field(default_factory=dict)
    headers: Reads = field(default_factory=Reads)
    let_in: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, app: Flask) -> "Knowledge":
        """The routes, and good values from every row."""
        made = cls(sorted(map(Route.of, app.url_map.iter_rules()), key=lambda one: (one.rule, one.endpoint)))
        with app.app_context():
            made.learn_rows()
        return made

    def learn_rows(self) -> None:
        """Ids, names and texts of the first rows of each table, under the name of the column."""
        for table in db.metadata.sorted_tables:
            for row in db.session().execute(select(table).order_by(*table.primary_key).limit(ROWS)).mappings():
                for column in table.columns:
                    value = row[column.name]
                    if value is None or SECRET_COLUMN.search(column.name) or len(str(value)) > 2000:
                        continue
                    for name in (column.name, f"{table.name}_{column.name}"):
                        keep(self.values[name], str(value))
        db.session.remove()

    def learn(self, app: Flask, caller: str, endpoint: str | None, outcome: Outcome, page: PageReader | None) -> None:
        """Whatever an answer teaches."""
        if endpoint is not None:
            self.reads[endpoint].add(outcome.reads)
            if outcome.status not in REFUSALS and "/sign-in" not in outcome.header("Location"):
                self.let_in[caller][endpoint] = None
        self.headers.add(outcome.reads)
        if page is None:
            return
        for link in page.links:
            self.learn_link(app, link)
        for form in page.forms:
            for shown in form.fields.values():
                self.learn_field(shown)
            for method, address in form.targets:
                self.learn_form(app, KnownForm(method, address, tuple(form.fields.values())))

    def learn_link(self, app: Flask, address: str) -> None:
        found = matched(app, "GET", address) or matched(app, "POST", address)
        if found is None:
            return
        keep(self.links[found[0]], address)
        for name, value in found[1].items():
            keep(self.values[name], value)
        for name, value in parse_qsl(urlsplit(address).query):
            self.reads[found[0]].note("args", name)
            keep(self.values[name], value)

    def learn_field(self, shown: Field) -> None:
        if shown.kind == "password":
            self.passwords[shown.name] = None
        for value in shown.values:
            keep(self.values[shown.name], value)

    def learn_form(self, app: Flask, form: KnownForm) -> None:
        found = matched(app, form.method, form.address)
        if found is None:
            return
        known = self.forms[found[0]]
        if len(known) < MOST_FORMS and form not in known:
            known.append(form)
        place = self.reads[found[0]]
        for shown in form.fields:
            place.note("files" if shown.kind == "file" else "args" if form.method == "GET" else "form", shown.name)

    def values_for(self, name: str) -> list[str]:
        """Good values for a name: its own, else those of names that end alike."""
        if name in self.values:
            return self.values[name]
        last = re.split(r"[.\-_]", name)[-1] or name
        return next((found for known, found in self.values.items() if known.endswith(last)), [])


def matched(app: Flask, method: str, address: str) -> tuple[str, dict[str, str]] | None:
    """The endpoint of an address, and its arguments."""
    try:
        path = urlsplit(address).path
        endpoint, arguments = app.url_map.bind("localhost").match(path, method)
    except (HTTPException, ValueError):
        return None
    return str(endpoint), {name: str(value) for name, value in arguments.items()}
