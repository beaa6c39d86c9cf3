"""What people read on the pages of a client: plan, next payment, and what the buttons say."""

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from tests.support.pages import text_of
from tests.support.people.forms import Form, forms_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

AMOUNT = re.compile(r"US\$([\d,]+\.\d\d)")
NEXT = re.compile(r"Next payment (.+?) on (\d+ [A-Z][a-z]+ \d{4})")
COMING = re.compile(r"Changes to (.+?) once it is paid\.")
DUE = re.compile(r"Due now (US\$[\d,.]+\d)")


@dataclass(frozen=True)
class Seen:
    """A page in short. `next_words` and `next_day` are empty where no payment is announced; `due` is what the button
    that pays says, in minor units, or None without one; `owed` is what the page says that is due now. `coming` is a
    change that is not paid yet, in words."""

    plan: str
    next_words: str
    next_day: str
    due: int | None
    owed: int | None
    coming: str = ""

    @property
    def next_minor(self) -> int | None:
        """The exact amount of the next payment, without usage; None where the page does not know it."""
        if not self.next_words or "Not known" in self.next_words or "before discounts" in self.next_words:
            return None
        return minor_in(self.next_words)


def minor_in(words: str) -> int | None:
    """The first amount in dollars that a text names, in minor units."""
    found = AMOUNT.search(words)
    return int(found.group(1).replace(",", "").replace(".", "")) if found else None


def client_page(page: "TestResponse") -> Seen:
    return seen(page, heading(page.text), "pay-now")


def staff_page(page: "TestResponse") -> Seen:
    return seen(page, fact(page.text, "Plan"), "charge-now")


def seen(page: "TestResponse", plan: str, button: str) -> Seen:
    words = unescape(text_of(page))
    found = NEXT.search(words)
    pay = button_of(page, button)
    owed = DUE.search(words)
    coming = COMING.search(words)
    return Seen(
        plan=plan,
        next_words=found.group(1) if found else "",
        next_day=found.group(2) if found else "",
        due=minor_in(pay) if pay else None,
        owed=minor_in(owed.group(1)) if owed else None,
        coming=coming.group(1) if coming else "",
    )


def heading(markup: str) -> str:
    """The name of the plan at the top of the client's page."""
    found = re.search(r'id="plan-title">(.*?)</h2>', markup, re.S)
    return plain(found.group(1)) if found else ""


def fact(markup: str, term: str) -> str:
    """A term's value on the staff's page, without the small print."""
    found = re.search(rf"<dt>{term}</dt>\s*<dd>(.*?)(<div|</dd>)", markup, re.S)
    return plain(found.group(1)) if found else ""


def plain(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def button_of(page: "TestResponse", button_id: str) -> str:
    """The words of a form's button; empty without one."""
    return next((form.button for form in forms_of(page) if form.button_id == button_id), "")


def find_form(page: "TestResponse", *button_ids: str) -> Form | None:
    """The first form with one of these buttons."""
    return next((form for form in forms_of(page) if form.button_id in button_ids), None)
