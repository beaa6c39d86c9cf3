"""What a page offers: its forms with their fields and values, and the addresses it leads to."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str]
FIELDS = ("input", "select", "textarea", "button")


@dataclass
class Field:
    """One name of a form, with the values that the page offers for it. Several boxes may share a name."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)


@dataclass
class ShownForm:
    """Where it is sent to by its own button, by others in it and by htmx; and what it holds."""

    targets: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)

    def add(self, name: str, kind: str, value: str | None) -> Field:
        found = self.fields.setdefault(name, Field(name, kind))
        if value is not None and value not in found.values:
            found.values.append(value)
        return found


class PageReader(HTMLParser):
    """Reads one page. Fields outside of any form go into `loose`, as htmx may send them along."""

    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.address = address
        self.links: dict[str, None] = {}
        self.loose = ShownForm()
        self.forms: list[ShownForm] = [self.loose]
        self.by_id: dict[str, ShownForm] = {}
        self.open_form: ShownForm | None = None
        self.open_select: Field | None = None
        self.open_text: tuple[ShownForm, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.begin_form(given)
        place = self.form_of(given)
        self.note_addresses(given, place)
        if tag in FIELDS and given.get("name"):
            self.add_field(tag, given, place)
        elif tag == "option" and self.open_select is not None:
            self.open_select.values.append(given.get("value", ""))

    def begin_form(self, given: Attributes) -> None:
        self.open_form = self.by_id.setdefault(given.get("id") or f"form {len(self.forms)}", ShownForm())
        self.forms.append(self.open_form)
        method = given.get("method", "get").upper()
        if "action" in given or not any(name.startswith("hx-") for name in given):
            self.open_form.targets.append((method, given.get("action") or self.address))

    def form_of(self, given: Attributes) -> ShownForm:
        if given.get("form"):
            return self.by_id.setdefault(given["form"], ShownForm())
        return self.open_form or self.loose

    def note_addresses(self, given: Attributes, place: ShownForm) -> None:
        """Any attribute may hold an address of ours; those that send a form tell how."""
        for name, value in given.items():
            if not value.startswith("/") or value.startswith("//"):
                continue
            self.links[value] = None
            if name in ("formaction", "hx-post", "hx-get"):
                place.targets.append(("GET" if name == "hx-get" else "POST", value))

    def add_field(self, tag: str, given: Attributes, place: ShownForm) -> None:
        kind = given.get("type", "text") if tag == "input" else tag
        is_box = kind in ("checkbox", "radio")
        value = given.get("value", "on" if is_box else "") if tag in ("input", "button") else None
        added = place.add(given["name"], kind, value)
        if tag == "select":
            self.open_select = added
        elif tag == "textarea":
            self.open_text = (place, given["name"])

    def handle_data(self, data: str) -> None:
        if self.open_text is not None:
            place, name = self.open_text
            place.add(name, "textarea", data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open_form = None
        elif tag == "select":
            self.open_select = None
        elif tag == "textarea":
            self.open_text = None


def read(address: str, text: str) -> PageReader:
    """What the page, or the part of one, offers. `address` is where its form goes that names no other."""
    reader = PageReader(address)
    reader.feed(text)
    reader.close()
    return reader
