"""What an audit found, in words. Pure."""

from billingportal.domain.health.audit.rows import Compared
from billingportal.domain.sync.object_types import ObjectType

# More of them are summed up.
MOST_FIELDS = 4


def sentence_of(kind: ObjectType, found: Compared, *, is_dry_run: bool) -> str:
    """What differed, and what was done about it."""
    done = "It would be stored" if is_dry_run else "Stripe’s state was stored"
    if found.outcome == "new":
        return f"This {kind.words} was missing here. {done}."
    return f"{differs(sorted(found.fields))} {done}."


def differs(names: list[str]) -> str:
    """As in "Status and 2 other fields differed."."""
    shown = [name.removesuffix("_minor").replace("_", " ") for name in names[:MOST_FIELDS]]
    rest = len(names) - len(shown)
    parts = [*shown, *([f"{rest} more"] if rest else [])]
    text = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f"{text[:1].upper()}{text[1:]} differed."
