"""Numbers with the unit that they count, and the singular of a unit."""

# The endings of a plural and of its singular. Other words stay in the plural.
ENDINGS = (("people", "person"), ("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("ss", None), ("s", ""))


def singular(units: str) -> str | None:
    """ "contact" for "contacts"; None where the singular is not known."""
    for ending, one in ENDINGS:
        if units.endswith(ending):
            return None if one is None else units.removesuffix(ending) + one
    return None


def counted(number: int, units: str) -> str:
    """ "1 contact", "5,000 contacts". A unit whose singular is not known stays as it is."""
    one = singular(units) if number == 1 else None
    return f"{number:,} {one or units}"
