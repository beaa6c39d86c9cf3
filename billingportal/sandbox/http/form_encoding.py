"""Stripe's form encoding: `a[b][0]=x` and `a[]=x` into nested dicts and lists of strings."""

import re
from urllib.parse import parse_qsl

from billingportal.sandbox.http.errors import invalid
from billingportal.sandbox.http.wire import Document

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")


def decode(text: str) -> Document:
    """A tree whose leaves are strings; indexed arrays stay dicts with digit keys, the schema knows which is which.

    Raises Refused for keys whose brackets do not match, or that are a value and a hash at once.
    """
    tree: Document = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        match = KEY.match(key)
        if match is None:
            raise invalid(f"Invalid request (check that your POST content is encoded): {key}")
        insert(tree, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value)
    return tree


def insert(tree: Document, names: list[str], value: str) -> None:
    """Put a value at its place; `a[]` takes the next free index."""
    node = tree
    for depth, given in enumerate(names):
        following = names[depth + 1] if depth + 1 < len(names) else None
        name = given or next_index(node, following)
        if depth == len(names) - 1:
            node[name] = value
            return
        inner = node.setdefault(name, {})
        if not isinstance(inner, dict):
            raise invalid("Invalid hash", param=names[0])
        node = inner


def next_index(node: Document, following: str | None) -> str:
    """`a[][x]=1&a[][y]=2` fills one element until a name comes again."""
    last = str(len(node) - 1)
    if following and isinstance(node.get(last), dict) and following not in node[last]:
        return last
    return str(len(node))
