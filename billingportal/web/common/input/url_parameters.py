"""Which URL parameters may be logged. Each route declares it by the converter of each of its parameters."""

import re

from flask import Flask
from werkzeug.routing import BaseConverter, Map, PathConverter, Rule, UnicodeConverter
from werkzeug.routing.converters import NumberConverter

from billingportal.web.common.input.ids import IdConverter

# Literal text, then the name of a converter (or none) and of a parameter, and so on.
PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")


class PublicConverter(UnicodeConverter):
    """`<public:name>`: text that gives access to nothing, such as an id at Stripe."""


class PublicPathConverter(PathConverter):
    """`<public_path:name>`: the same, with slashes in it."""


class SecretConverter(UnicodeConverter):
    """`<secret:name>`: a token. Reading it is enough to use it, so no log may show it."""


PUBLIC: tuple[type[BaseConverter], ...] = (NumberConverter, IdConverter, PublicConverter, PublicPathConverter)


def secret_paths(addresses: Map) -> tuple[str, ...]:
    """The prefix of each URL that continues with a secret, such as `/setup/`.

    A parameter that was not declared public counts as secret. A public one before the secret reads `*`.
    """
    found = {secret_path(rule, addresses) for rule in addresses.iter_rules()}
    return tuple(sorted(path for path in found if path is not None))


def secret_path(rule: Rule, addresses: Map) -> str | None:
    start, *rest = PARAMETER.split(rule.rule)
    for name, literal in zip(rest[::3], rest[2::3], strict=True):
        if not issubclass(addresses.converters[name or "default"], PUBLIC):
            return start
        start += f"*{literal}"
    return None


def undeclared(addresses: Map) -> list[str]:
    """The routes with a parameter that is neither public nor secret."""
    known = (*PUBLIC, SecretConverter)
    return sorted(
        rule.rule
        for rule in addresses.iter_rules()
        for name in PARAMETER.split(rule.rule)[1::3]
        if not issubclass(addresses.converters[name or "default"], known)
    )


def init_app(app: Flask) -> None:
    app.url_map.converters |= {
        "public": PublicConverter,
        "public_path": PublicPathConverter,
        "secret": SecretConverter,
    }
