"""A browser in few words: fetches the sandbox's pages and sends their forms."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlencode, urljoin


@dataclass(frozen=True)
class Seen:
    """What came back: where it leads when it is a redirect."""

    status: int
    text: str
    location: str


class Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> None:
        return None


def fetch(url: str, form: dict[str, str] | None = None) -> Seen:
    """One request: a form is posted."""
    data = None if form is None else urlencode(form).encode()
    opener = urllib.request.build_opener(Straight)
    try:
        with opener.open(urllib.request.Request(url, data=data), timeout=10) as answer:
            return Seen(answer.status, answer.read().decode(), "")
    except urllib.error.HTTPError as other:
        with other:
            location = urljoin(url, other.headers["Location"]) if "Location" in other.headers else ""
            return Seen(other.code, other.read().decode(), location)
