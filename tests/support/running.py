"""`bin/run` as a newcomer starts it, with a data folder of its own, and the processes that come of it."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.program import NO_SETTINGS, ROOT, Program

RUN = str(ROOT / "bin" / "run")
READY = "Ctrl-C ends it."


def run(folder: Path, port: int, *options: str, settings: Mapping[str, str] = NO_SETTINGS) -> Program:
    """The portal with its data in a folder. Wait for READY before use."""
    return Program([RUN, "--port", str(port), "--data", str(folder / "data"), *options], folder / "output", settings)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, of all kinds."""
    parts = parts_of(pid)
    return parts + [grandchild for part in parts for grandchild in children_of(part)]


def parts_of(pid: int) -> list[int]:
    """The processes that a process has started itself, oldest first. None when it is gone."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
