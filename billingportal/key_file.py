"""The file of the secret keys, for installations without PORTAL_SECRET_KEYS: made at the first start, then read."""

import os
import secrets
from pathlib import Path
from tempfile import NamedTemporaryFile

from billingportal.errors import WrongSetting


def read_or_make(path: Path) -> tuple[tuple[str, ...], bool]:
    """The keys, one a line, and whether they were made just now. Raises WrongSetting."""
    try:
        if not os.path.lexists(path) and make(path):
            return read(path), True
        return read(path), False
    except UnicodeDecodeError:
        raise WrongSetting(named(path), "it holds bytes that are no text") from None
    except OSError as error:
        raise WrongSetting(named(path), f"it cannot be read or made ({error.strerror})") from None


def read(path: Path) -> tuple[str, ...]:
    if path.exists() and not path.is_file():
        raise WrongSetting(named(path), "it is a folder or a device, not a file")
    return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def make(path: Path) -> bool:
    """Make the file with one key, atomically. False when another process was faster."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return False
    return True


def named(path: Path) -> str:
    """The file's name in messages."""
    return f"the key file {path}"
