"""Which objects the lists have shown in this run of an audit."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from billingportal.domain.sync.object_types import ObjectType


@dataclass
class Seen:
    """By type, the ids that a list has shown to this process. After a kill the rows themselves say as of when they were
    confirmed; a dry run writes none, so it is not resumed. `is_whole`: this process has read every list so far.
    """

    is_whole: bool
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, kind: ObjectType, object_ids: Iterable[str]) -> None:
        self.ids[kind.name].update(object_ids)

    def has(self, kind: ObjectType, object_id: str) -> bool:
        return object_id in self.ids[kind.name]
