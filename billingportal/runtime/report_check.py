"""Checks the file of a report on the command line, on any machine: with a public key, without a database."""

from pathlib import Path

from billingportal.domain.rehearsal.report.signing_key import key_words, read_key
from billingportal.domain.rehearsal.report.verification import Verified, verify

UNCHANGED, CHANGED, NO_REPORT = 0, 1, 2
MOST_PLACES = 20


def check_file(file: Path, public_key: str | None) -> tuple[int, list[str]]:
    """The exit code, and the lines to print."""
    key = read_key(public_key) if public_key is not None else None
    if public_key is not None and key is None:
        return NO_REPORT, [f"{public_key} is no public key of a portal."]
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return NO_REPORT, ["The file is no text."]
    found = verify(text, None if key is None else (key,))
    code = {"unchanged": UNCHANGED, "unreadable": NO_REPORT}.get(found.verdict, CHANGED)
    return code, words_of(found, is_key_given=key is not None)


def words_of(found: Verified, *, is_key_given: bool) -> list[str]:
    if found.verdict == "unreadable":
        return [found.problem]
    if found.verdict == "other":
        return [f"Signed by another portal, with the key {key_words(found.public_key)}."]
    if found.verdict == "changed":
        places = [f"  {place}" for place in found.places[:MOST_PLACES]]
        more = [f"  and {len(found.places) - MOST_PLACES} more"] if len(found.places) > MOST_PLACES else []
        return ["This report was changed after it was signed.", *(places or ["  It cannot be told where."]), *more]
    signed = f"Unchanged. Signed with the key {key_words(found.public_key)}."
    return [signed] if is_key_given else [signed, "Compare the key with the one on the Settings of that portal."]
