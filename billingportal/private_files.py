"""Files that only the portal's user may read, whatever the umask: keys, database, lock file, sandbox state."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

OTHERS = 0o077
FOR_OWNER = 0o600
# Suffixes of SQLite's other files, and of the lock file of the writers' queue.
BESIDE_SQLITE = ("-wal", "-shm", "-journal", "-turn")


CREATION = threading.Lock()


def open_private(path: str, flags: int) -> int:
    """An opener for `open`: only the owner may read a file that it creates."""
    return os.open(path, flags, FOR_OWNER)


def make_private(path: Path) -> None:
    """Create an empty file that only its owner may read. Raises OSError, FileExistsError where there is one.

    An existing database is never opened here: closing a file drops all locks that SQLite holds on it in this process
    (https://sqlite.org/howtocorrupt.html, section 2.2). The lock keeps other threads away from a file just created.
    """
    with CREATION:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FOR_OWNER))


def of_sqlite(path: Path) -> list[Path]:
    """All existing files of an SQLite database."""
    files = [path, *(Path(f"{path}{suffix}") for suffix in BESIDE_SQLITE)]
    return [file for file in files if file.exists()]


def is_open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)


def close_to_others(paths: Iterable[Path]) -> list[Path]:
    """Remove all rights of others from our own files; returns those changed. Another user's files stay unchanged."""
    loose = [path for path in paths if path.is_file() and is_open_to_others(path)]
    own = [path for path in loose if path.stat().st_uid == os.geteuid()]
    for path in own:
        path.chmod(path.stat().st_mode & 0o777 & ~OTHERS)
    return own


def is_writable(path: Path) -> bool:
    """Whether this user may read and write a file, or create files in a folder."""
    return os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0))
