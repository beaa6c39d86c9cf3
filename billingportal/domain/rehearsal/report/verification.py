"""Says whether a report is as it was signed, where it was changed, and whose it is. Needs no database."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from billingportal.domain.rehearsal.report.canonical import NotCanonical, canonical
from billingportal.domain.rehearsal.report.envelope import Envelope, read_envelope
from billingportal.domain.rehearsal.report.places import differences, places_of
from billingportal.domain.rehearsal.report.signing_key import is_signed

# `unchanged`: as signed by a key that is trusted. `other`: whole, and signed by another key.
Verdict = Literal["unchanged", "changed", "other", "unreadable"]


@dataclass(frozen=True)
class Verified:
    """`places` are where a changed report differs; empty where that can no longer be told."""

    verdict: Verdict
    places: tuple[str, ...] = ()
    public_key: str = ""
    problem: str = ""
    envelope: Envelope | None = None


def verify(text: str, trusted: Collection[str] | None) -> Verified:
    """Check the file of a report. `trusted` are public keys in hexadecimal digits; None takes the file's own."""
    try:
        found = read_envelope(text)
        signed, places = canonical(found.report), canonical({**found.places})
    except NotCanonical as problem:
        return Verified("unreadable", problem=str(problem))
    key = found.public_key
    keys = [key] if trusted is None else [key, *(one for one in trusted if one != key)]
    report_key = next((one for one in keys if is_signed(one, found.signature, signed)), None)
    places_key = next((one for one in keys if is_signed(one, found.places_signature, places)), None)
    if report_key is None:
        where = differences(found.places, places_of(found.report)) if places_key else []
        return Verified("changed", tuple(where), key, envelope=found)
    if places_key is None or report_key != key or found.places != places_of(found.report):
        return Verified("changed", ("public_key" if report_key != key else "places",), key, envelope=found)
    is_trusted = trusted is None or key in trusted
    return Verified("unchanged" if is_trusted else "other", public_key=key, envelope=found)
