"""Bodies of requests in every encoding, right and wrong."""

import json
from random import Random
from urllib.parse import urlencode

from tests.fuzz.requests import hostile
from tests.fuzz.requests import uploads as request_uploads

Pairs = list[tuple[str, str]]
BOUNDARY = "fuzz"
FORM = "application/x-www-form-urlencoded"


def encoded(pairs: Pairs) -> str:
    """As a browser would, and also what no browser has: halves of characters."""
    return urlencode(pairs, encoding="utf-8", errors="surrogatepass")


def body_of(chance: Random, pairs: Pairs, files: list[str]) -> tuple[str, bytes]:
    """The content type and the body: the right one for the fields, now and then a wrong one."""
    luck = chance.random()
    if luck < 0.05:
        return chance.choice(hostile.TYPES), chance.choice(hostile.BODIES)
    if luck < 0.08:
        return chance.choice(hostile.TYPES), encoded(pairs).encode()
    if luck < 0.1:
        return "application/json", json.dumps(dict(pairs)).encode()
    if files or luck < 0.2:
        return f"multipart/form-data; boundary={BOUNDARY}", multipart(chance, pairs, files)
    return FORM, encoded(pairs).encode()


def multipart(chance: Random, pairs: Pairs, files: list[str]) -> bytes:
    parts = [head(name) + value.encode("utf-8", "surrogatepass") for name, value in pairs]
    for name in files:
        file_name, kind = chance.choice(request_uploads.NAMES), chance.choice(request_uploads.TYPES)
        parts.append(head(name, file_name, kind) + chance.choice(request_uploads.every_upload()))
    whole = b"".join(b"--fuzz\r\n" + part + b"\r\n" for part in parts) + b"--fuzz--\r\n"
    return whole[: chance.randint(0, len(whole))] if chance.random() < 0.05 else whole


def head(name: str, file_name: str | None = None, kind: str = "") -> bytes:
    quoted = name.replace('"', "%22")
    lines = f'Content-Disposition: form-data; name="{quoted}"'
    if file_name is not None:
        lines += f'; filename="{file_name}"\r\nContent-Type: {kind}'
    return lines.encode("utf-8", "surrogatepass") + b"\r\n\r\n"
