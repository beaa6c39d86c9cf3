"""The file of a report: the report, its places, and the signatures of both."""

import json
from dataclasses import dataclass

from billingportal.domain.rehearsal.report.canonical import NotCanonical, canonical, read
from billingportal.domain.rehearsal.report.places import places_of
from billingportal.domain.rehearsal.report.signing_key import PREFIX, SigningKey, key_words, read_key
from billingportal.plain_json import JsonObject

PARTS = ("report", "places", "public_key", "signature", "places_signature")


@dataclass(frozen=True)
class Envelope:
    """`public_key` and the signatures are in hexadecimal digits."""

    report: JsonObject
    places: dict[str, str]
    public_key: str
    signature: str
    places_signature: str

    def to_text(self) -> str:
        """The file, laid out for reading."""
        whole = {
            "report": self.report,
            "public_key": key_words(self.public_key),
            "signature": self.signature,
            "places": self.places,
            "places_signature": self.places_signature,
        }
        return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def seal_report(report: JsonObject, key: SigningKey) -> Envelope:
    """Sign a report. Raises NotCanonical for a float in it."""
    places = places_of(report)
    return Envelope(report, places, key.public_key, key.sign(canonical(report)), key.sign(canonical({**places})))


def read_envelope(text: str) -> Envelope:
    """Read a file. Raises NotCanonical for one that is no report of a rehearsal."""
    whole = read(text)
    report, places = whole.get("report"), whole.get("places")
    texts = [whole.get(name) for name in ("public_key", "signature", "places_signature")]
    key = read_key(texts[0]) if isinstance(texts[0], str) and texts[0].startswith(PREFIX) else None
    if not isinstance(report, dict) or not isinstance(places, dict) or key is None or set(whole) != set(PARTS):
        raise NotCanonical("This is no report of a rehearsal, or parts of it are gone.")
    return Envelope(report, {name: str(one) for name, one in places.items()}, key, str(texts[1]), str(texts[2]))
