"""Finds the operation of a method and a path. Each part of the path is decoded by itself, so an id may have a slash."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from billingportal.api.kernel.operation import Operation


@dataclass
class Node:
    """One part of the addresses. `parameter` is the node of a part in braces."""

    operations: dict[str, Operation] = field(default_factory=dict)
    children: dict[str, "Node"] = field(default_factory=dict)
    parameter: "Node | None" = None

    def child(self, part: str) -> "Node":
        """The node below for a part of a declared path, made if there is none."""
        if not part.startswith("{"):
            return self.children.setdefault(part, Node())
        if self.parameter is None:
            self.parameter = Node()
        return self.parameter


@dataclass(frozen=True, slots=True)
class Found:
    """An address. `operations` are by method; `values` are the parts of the path that stand in braces."""

    operations: dict[str, Operation]
    values: tuple[str, ...]


class Router:
    def __init__(self, operations: Iterable[Operation]) -> None:
        """Raises ValueError when two operations have the same address and method."""
        self._root = Node()
        for one in operations:
            node = self._root
            for part in one.path.strip("/").split("/"):
                node = node.child(part)
            if one.method in node.operations:
                raise ValueError(f"two operations for {one.method} {one.path}")
            node.operations[one.method] = one

    def find(self, parts: list[str]) -> Found | None:
        """The address of these parts, or None. A literal part wins over one in braces."""
        node: Node | None = self._root
        values: list[str] = []
        for part in parts:
            if node is None:
                return None
            literal = node.children.get(part)
            if literal is None and part:
                values.append(part)
                literal = node.parameter
            node = literal
        return Found(node.operations, tuple(values)) if node is not None and node.operations else None
