"""Makes text safe for logs: without secrets, line breaks and control characters."""

import re
from collections.abc import Iterator
from traceback import TracebackException

# Keys of Stripe and of our own API keep their last four characters; readers of a log may know those.
KEY = re.compile(r"\b((?:sk|rk|bp)_(?:test|live)_)\w*?(\w{4})\b")
SIGNING_SECRET = re.compile(r"\bwhsec_[\w-]+")
WORD = re.compile(r"[^\s\"']+")
# A slash as such, or encoded once or more often: an address may be a parameter of another one.
SLASH = "(?:/|%(?:25)*2f)"
CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"


class SecretPaths:
    """Removes secrets from texts: keys, query strings, and the rest of a secret path after its beginning."""

    def __init__(self, beginnings: tuple[str, ...]) -> None:
        one_of_them = "|".join(pattern_of(beginning) for beginning in beginnings) or r"(?!)"
        self._in_text = re.compile(rf"({one_of_them})[^\s\"'<>&?#]+", re.IGNORECASE)
        self._in_path = re.compile(rf"({one_of_them}).+", re.IGNORECASE | re.DOTALL)

    def cut(self, path: str) -> str:
        """A path, cut before its secret."""
        return self._in_path.sub(r"\1…", path)

    def hide(self, text: str) -> str:
        """A text without secrets, in which paths and URLs may be anywhere."""
        text = self._in_text.sub(r"\1…", without_secrets(text))
        return WORD.sub(without_query, text) if "?" in text else text


def pattern_of(beginning: str) -> str:
    """Matches the beginning of a path, in which any character may be encoded and any slash doubled."""
    first, *others = (
        SLASH if one == "/" else r"[^/\s]+" if one == "*" else f"(?:{re.escape(one)}|%{ord(one):x})"
        for one in beginning
    )
    return first + "".join(f"{one}+" if one == SLASH else one for one in others)


def without_query(word: re.Match[str]) -> str:
    """The word without its query string, when it is a URL."""
    path, mark, query = word.group().partition("?")
    return f"{path}?…" if mark and query and "/" in path else word.group()


def without_secrets(text: str) -> str:
    """The text with keys of Stripe and of the API shortened and webhook secrets removed."""
    return SIGNING_SECRET.sub("whsec_...", KEY.sub(r"\1...\2", text))


def escaped(text: str) -> str:
    """The text as one line without control characters: unprintable ones are shown by their number."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def shown_path(path: str) -> str:
    """The path of a WSGI environment, which has one character per byte, decoded as text."""
    try:
        return path.encode("latin-1").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return path


def lines_of(error: BaseException) -> Iterator[str]:
    """The lines of a traceback. Each exception's message, which may have outside text, stays on one line."""
    return told(TracebackException.from_exception(error))


def told(error: TracebackException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from told(before)
        yield from ("", CAUSE if error.__cause__ else CONTEXT, "")
    yield "Traceback (most recent call last):"
    for frame in error.stack.format():
        yield from map(escaped, frame.rstrip("\n").split("\n"))
    for words in error.format_exception_only():
        yield escaped(words.removesuffix("\n"))
    for one in error.exceptions or ():
        yield from told(one)
