"""Room on the disk and the size of the database."""

import shutil
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.health.findings.check import CannotCheck, Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found

GIGABYTE = 1024**3
# A full disk stops every write: events, usage and payments would no longer be stored.
LEAST_FREE = 2 * GIGABYTE
LEAST_SHARE = 0.05
# Bytes from which on a copy and a migration take noticeably long.
LARGE_DATABASE = 20 * GIGABYTE
SEE = Action("See this machine", "page", "machine")


def check_disk(surroundings: Surroundings) -> Result:
    """Raises CannotCheck when the disk can't be examined."""
    folders = {surroundings.settings.data_dir}
    if (file := sqlite_path(surroundings.settings.database_url)) is not None:
        folders.add(file.parent)
    found = [one for folder in sorted(folders) if (one := low(folder)) is not None]
    return Result(tuple(found[:1]), now())


def low(folder: Path) -> Found | None:
    """Raises CannotCheck when the folder's disk can't be examined."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        raise CannotCheck(f"The disk of {folder} can’t be examined: {error.strerror}.") from None
    if usage.free >= LEAST_FREE and usage.free >= LEAST_SHARE * usage.total:
        return None
    title = f"{usage.free / GIGABYTE:.1f} GB free on the disk of {folder}"
    meaning = (
        f"{100 * usage.free // usage.total}% of {usage.total / GIGABYTE:,.0f} GB. When it is full, events, usage and "
        "sign-ups are refused until there is room again."
    )
    return Found("disk.low", title, meaning, SEE)


def check_database_size(surroundings: Surroundings) -> Result:
    """Raises CannotCheck when the file of the database can't be read."""
    with surroundings.reading() as session:
        size = database_size(session, surroundings.settings.database_url)
    if size < LARGE_DATABASE:
        return Result((), now())
    title = f"The database has {size / GIGABYTE:,.0f} GB"
    meaning = "Copies and upgrades take longer. Nothing is wrong, and nobody is charged differently."
    return Result((Found("database.size", title, meaning, SEE),), now())


def database_size(session: Session, database_url: str) -> int:
    """Bytes. Raises CannotCheck when the file can't be read."""
    file = sqlite_path(database_url)
    if file is None:
        return int(session.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    try:
        return sum(path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.exists())
    except OSError as error:
        raise CannotCheck(f"The database file can’t be read: {error.strerror}.") from None


def sqlite_path(database_url: str) -> Path | None:
    url = make_url(database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


CHECKS = (
    Check("disk", "There is room on the disk", "machine", ("disk.low",), 60, check_disk),
    Check("database.size", "The database is of a handy size", "machine", ("database.size",), 3600, check_database_size),
)
