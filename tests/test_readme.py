"""The README says what is so."""

import re
from pathlib import Path

import pytest
from click import Context

from billingportal.cli import commands
from tests.test_house import ROOT

README = (ROOT / "README.md").read_text()
SETTINGS = sorted(set(re.findall(r"\bPORTAL_[A-Z_]+\b", (ROOT / "billingportal" / "config.py").read_text())))


def test_there_are_settings_to_look_for() -> None:
    assert len(SETTINGS) >= 7


@pytest.mark.parametrize("variable", SETTINGS)
def test_every_setting_has_its_row(variable: str) -> None:
    assert re.search(rf"^\| `{variable}` \| .+ \| .+ \|$", README, re.MULTILINE)


def test_no_setting_is_told_of_that_is_not_read() -> None:
    assert set(re.findall(r"PORTAL_[A-Z]+(?:_[A-Z]+)*", README)) <= set(SETTINGS)


def test_every_command_is_listed() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)(?: upgrade)?` \| ", README, re.MULTILINE))
    assert listed >= set(commands.list_commands(Context(commands)))


@pytest.mark.parametrize(
    "place",
    sorted(set(re.findall(r"`(?:cp )?((?:bin|billingportal|deploy|tests|requirements)/[\w./]+)(?:`| )", README))),
)
def test_every_file_it_names_exists(place: str) -> None:
    assert Path(ROOT / place).exists()


def test_every_library_we_name_is_in_a_lock() -> None:
    told = re.findall(r"^- ([a-z, -]+): ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    names = {name.strip() for line in told for name in line.split(",")} - {"uv"}
    locked = (ROOT / "requirements" / "development.txt").read_text()
    assert {name for name in names if f"\n{name}==" not in locked} == set()
