"""How old the newest backup is, as far as the portal knows of one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from billingportal.clock import now
from billingportal.domain.common.dates import time_of_day
from billingportal.domain.common.plurals import counted
from billingportal.domain.health.findings.check import CannotCheck, Check, Result, Surroundings
from billingportal.domain.health.findings.finding import Action, Found

# Files in this folder below the data folder are backups, whichever program makes them.
FOLDER = "backups"
# A nightly backup takes a while, and does not begin to the second.
OLDEST = timedelta(hours=26)
SEE = Action("See this machine", "page", "machine")
LOST = (
    "If this machine broke now, what Stripe knows would be read again; usage that your platform reported since, notes "
    "and settings would be lost."
)


def check_backups(surroundings: Surroundings) -> Result:
    """Raises CannotCheck when the folder can't be read."""
    moment, folder = now(), surroundings.settings.data_dir / FOLDER
    made_at = newest(folder)
    if made_at is None:
        meaning = f"Backups in {folder} are watched. Yours may lie elsewhere: look that they are younger than a day."
        return Result((Found("backup.unknown", "The portal knows of no backup", meaning, SEE),), moment)
    if made_at > moment - OLDEST:
        return Result((), moment)
    age = (moment - made_at).days
    old = counted(age, "days") if age else time_of_day(made_at, moment.date())
    title = f"The last backup is {old} old" if age else f"The last backup is from {old}"
    return Result((Found("backup.old", title, LOST, SEE),), moment)


def newest(folder: Path) -> datetime | None:
    """When the newest file of the folder was written; None without any. Raises CannotCheck."""
    try:
        times = [path.stat().st_mtime for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    except OSError as error:
        raise CannotCheck(f"The folder {folder} can’t be read: {error.strerror}.") from None
    return datetime.fromtimestamp(max(times), UTC) if times else None


CHECKS = (
    Check(
        "backup",
        "The last backup is younger than a day",
        "machine",
        ("backup.old", "backup.unknown"),
        600,
        check_backups,
    ),
)
