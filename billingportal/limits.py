"""The databases' limits. Text and numbers from outside are checked against them before they are stored."""

# PostgreSQL's INTEGER, the type of ids; and BIGINT, the type of events' ids and of amounts.
LARGEST_ID = 2**31 - 1
LARGEST_BIG_ID = 2**63 - 1
# SQLite refuses patterns of more than 50,000 bytes, and nobody types that many words.
LONGEST_SEARCH = 200


def is_storable(text: str) -> bool:
    """Whether both databases can store it: PostgreSQL has no NUL, and half a surrogate pair has no UTF-8."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def whole_number(text: str, largest: int = LARGEST_ID) -> int | None:
    """A number from 0 to `largest` in the digits 0 to 9; None for anything else, however long it is."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(largest)):
        return None
    number = int(text)
    return number if number <= largest else None


def page_number(text: str) -> int:
    """The requested page of a list; 1 for an invalid number. It may be beyond the last page."""
    if not (text.isascii() and text.isdecimal()):
        return 1
    return max(1, whole_number(text) or 1) if len(text) < len(str(LARGEST_ID)) else LARGEST_ID


def search_words(text: str) -> str:
    """The search words, with single blanks between, cut after 200 characters."""
    return " ".join(text.split())[:LONGEST_SEARCH].rstrip()
