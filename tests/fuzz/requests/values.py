"""Chooses a value for a name: a good one, a good one bent, or a hostile one."""

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.knowledge import Knowledge
from tests.fuzz.requests.hostile import KINDS

INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


class Values:
    """Good values come from pages and rows, hostile ones from the lists and from Hypothesis."""

    def __init__(self, chance: Random, knowledge: Knowledge, drawn: Sequence[str], secrets: Sequence[str]) -> None:
        """`secrets` are what password fields are given: they are sent in nothing else."""
        self.chance = chance
        self.knowledge = knowledge
        self.drawn = drawn
        self.secrets = secrets

    def good(self, name: str) -> str:
        if name in self.knowledge.passwords:
            return self.chance.choice(self.secrets)
        known = self.knowledge.values_for(name)
        return self.chance.choice(known) if known else str(self.chance.randint(0, 9))

    def fitting(self, name: str, pattern: str) -> str:
        """A good value that a route takes."""
        known = [value for value in self.knowledge.values_for(name) if re.fullmatch(pattern, value)]
        return self.chance.choice(known) if known else str(self.chance.randint(1, 9))

    def hostile(self) -> str:
        """One kind is as likely as another, however many there are of it."""
        return self.chance.choice(self.chance.choice((*KINDS, self.drawn)))

    def some(self, name: str, goodness: float = 0.5) -> str:
        """A good value with this probability, else one that is bent or hostile."""
        if self.chance.random() < goodness:
            return self.good(name)
        if self.chance.random() < 0.35 and name not in self.knowledge.passwords:
            return self.chance.choice(BENDINGS)(self.good(name), self.chance)
        return self.hostile()


def cut(text: str, chance: Random) -> str:
    return text[: chance.randint(0, len(text))]


def repeated(text: str, chance: Random) -> str:
    return (text or "x") * chance.choice((2, 50, 2000))


def with_inside(text: str, chance: Random) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(("\x00", "\u202e", "\ud800", "'", "<", "%", "\n", "\t", "é", "🙂")) + text[at:]


def negative(text: str, _: Random) -> str:
    return f"-{text}"


def in_other_digits(text: str, _: Random) -> str:
    return text.translate(INDIC)


def larger(text: str, chance: Random) -> str:
    return text + chance.choice(("0" * 9, "0" * 30, ".5", "e9", "1"))


def in_other_case(text: str, _: Random) -> str:
    return text.swapcase()


def in_blanks(text: str, _: Random) -> str:
    return f" \u00a0{text}\t"


BENDINGS: tuple[Callable[[str, Random], str], ...] = (
    cut,
    repeated,
    with_inside,
    negative,
    in_other_digits,
    larger,
    in_other_case,
    in_blanks,
)
