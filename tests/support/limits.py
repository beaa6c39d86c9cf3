"""The real program where the machine sets limits: rights that bind root too, and a disk that is nearly full."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.program import COMMAND, LIMIT, environment


def bound_by_rights() -> list[str]:
    """What to put before a command so that files which are closed are closed for root as well."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root without setpriv (util-linux) may write everywhere")
    return ["setpriv", "--bounding-set=-all"]


def bound_portal(*arguments: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `billingportal` to its end, bound by the rights of files."""
    return run([*bound_by_rights(), str(COMMAND), *arguments], settings)


def portal_on_small_disk(
    *arguments: str, settings: Mapping[str, str], folder: Path, kilobytes: int
) -> subprocess.CompletedProcess[str]:
    """Run `billingportal` in a world of its own, in which a folder is a disk of that size."""
    script = f'mount -t tmpfs -o size={kilobytes}k,mode=700 none "$0" && exec "$@"'
    world = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    if run([*world, script, str(folder), "true"], settings).returncode != 0:
        pytest.skip("no disk can be made here (unshare and mount of util-linux)")
    return run([*world, script, str(folder), str(COMMAND), *arguments], settings)


def run(command: list[str], settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=environment(settings))
