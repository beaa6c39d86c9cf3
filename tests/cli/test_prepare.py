"""What a newcomer is told when the first start cannot install: one clear line, and what to do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.program import LIMIT, ROOT

TOOLS = ("bash", "cat", "chmod", "dirname", "id", "ln", "mkdir", "rm", "sed", "sha256sum")
PYTHONS = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in which nothing was installed yet."""
    place = tmp_path / "clone"
    for name in ("bin", "requirements"):
        shutil.copytree(ROOT / name, place / name)
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs without any Python."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


def say(folder: Path, name: str, script: str) -> None:
    """Put a program into the folder."""
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


def pretend_to_install(folder: Path, pip: str = "exit 0") -> None:
    """A Python that makes venvs of itself, and whose pip does as told."""
    make_venv = 'mkdir -p "${@: -1}/bin"; for name in python billingportal; do ln -sf "$0" "${@: -1}/bin/$name"; done'
    say(folder, "python3", f'case "$2" in venv) {make_venv};; pip) {pip};; esac')


def prepare(clone: Path, programs: Path, lock: str = "runtime") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "bin" / "prepare", lock],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={"PATH": str(programs), "HOME": str(clone)},
    )


def test_without_python_it_says_what_to_install(clone: Path, programs: Path) -> None:
    result = prepare(clone, programs)
    assert result.returncode == 1
    assert result.stderr.startswith("prepare: Python 3.11 or newer is needed. ")
    assert "apt-get install python3 python3-venv" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_old_python_is_not_used(clone: Path, programs: Path) -> None:
    for name in PYTHONS:
        say(programs, name, "exit 1")
    assert "Python 3.11 or newer is needed" in prepare(clone, programs).stderr


def test_a_python_without_venv_names_the_package(clone: Path, programs: Path) -> None:
    say(programs, "python3", 'case "$2" in *ensurepip*) exit 1;; *"%d.%d"*) echo 3.12;; esac')
    result = prepare(clone, programs)
    assert result.returncode == 1
    assert result.stderr == (
        "prepare: this Python cannot make virtual environments. As root: apt-get install python3.12-venv\n"
    )


def test_without_the_internet_it_says_so_and_keeps_what_pip_said(clone: Path, programs: Path) -> None:
    pretend_to_install(programs, pip='echo "no route to host"; exit 1')
    result = prepare(clone, programs)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    log = clone / ".cache" / "install.log"
    assert last == f"prepare: the packages could not be installed. Is there internet? What pip said: {log}"
    assert "no route to host" in log.read_text()
    assert not (clone / ".venv" / "runtime.stamp").exists()


@pytest.mark.parametrize("lock", ["runtime", "development"])
def test_what_is_installed_is_not_installed_again_until_its_lock_changes(
    clone: Path, programs: Path, lock: str
) -> None:
    pretend_to_install(programs)
    assert "Installing" in prepare(clone, programs, lock).stderr
    for again in {lock, "runtime"}:
        second = prepare(clone, programs, again)
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    with (clone / "requirements" / f"{lock}.txt").open("a") as file:
        file.write("# changed\n")
    assert "Installing" in prepare(clone, programs, lock).stderr


def test_a_clone_that_was_moved_is_installed_anew(clone: Path, programs: Path) -> None:
    pretend_to_install(programs)
    prepare(clone, programs)
    moved = clone.with_name("moved")
    clone.rename(moved)
    assert "Installing" in prepare(moved, programs).stderr
