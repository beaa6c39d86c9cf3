"""docs/architecture.md is true: its subjects, its files, and the size of the folders."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "billingportal"
PLAN = (ROOT / "docs" / "architecture.md").read_text()
MOST_FILES = 15
# One journey a file, and each is a story of its own; one file of jobs a subject.
CROWDED = {ROOT / "tests" / "journeys", PACKAGE / "jobs"}


def folders_in(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def sentence_of(subject: str) -> str | None:
    return ast.get_docstring(ast.parse((PACKAGE / "domain" / subject / "__init__.py").read_text()))


def test_every_subject_is_listed_with_its_sentence() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PLAN, re.MULTILINE))
    assert listed == {subject: sentence_of(subject) for subject in folders_in(PACKAGE / "domain")}


def test_the_domain_holds_subjects_and_nothing_else() -> None:
    assert [path.name for path in (PACKAGE / "domain").iterdir() if path.suffix == ".py"] == ["__init__.py"]


@pytest.mark.parametrize("layer", ["web", "models"])
def test_the_other_layers_use_the_words_of_the_domain(layer: str) -> None:
    """Stripe's own objects are tables without a subject of the business."""
    assert folders_in(PACKAGE / layer) - folders_in(PACKAGE / "domain") <= {"stripe_objects"}


def test_every_file_that_the_plan_names_exists() -> None:
    named = set(re.findall(r"`((?:cli|portal|\w+/[\w/]+)\.py)`", PLAN))
    assert named
    assert {name for name in named if not (PACKAGE / name).exists()} == set()


def test_no_folder_holds_more_files_than_can_be_seen_in_one_look() -> None:
    crowded = {
        str(folder.relative_to(ROOT)): len(files)
        for top in (PACKAGE, ROOT / "tests")
        for folder in {path.parent for path in top.rglob("*.py")} - CROWDED
        if len(files := [path for path in folder.glob("*.py") if path.name != "__init__.py"]) > MOST_FILES
    }
    assert crowded == {}
