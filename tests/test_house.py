"""The law of the house that no other tool enforces: which word may stand in which file."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "billingportal"
LONGEST_FILE = 200
LONGEST_LINE = 140


def python_files(*left_out: str) -> list[Path]:
    """The portal's own sources, the sandbox and the named files left out. Names are relative to the package."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if "sandbox" not in path.relative_to(PACKAGE).parts and str(path.relative_to(PACKAGE)) not in left_out
    ]


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def found(pattern: str, files: list[Path]) -> list[str]:
    """Every line of the files in which the pattern is found, with its place."""
    assert files
    wanted = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if wanted.search(line)
    ]


def test_money_is_never_a_float_and_never_divided_by_a_hundred() -> None:
    assert found(r"\bfloat\(|/ ?100\b|\* ?0\.01\b", python_files()) == []
    assert found(r"/ ?100\b|\|\s*(float|round)\b", templates()) == []


def test_only_the_settings_read_the_environment() -> None:
    assert found(r"\bos\.environ|\bos\.getenv|\bgetenv\(", python_files("config.py")) == []


def test_only_the_clock_asks_the_time() -> None:
    asks = r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(|\btime\.time\("
    assert found(asks, python_files("clock.py")) == []
    sandbox = [path for path in sorted((PACKAGE / "sandbox").rglob("*.py")) if path.name != "clock.py"]
    assert found(asks, sandbox) == []


def test_only_htmx_py_spells_htmx_headers() -> None:
    assert found(r"\bHX-", python_files("web/common/htmx.py")) == []


def test_only_the_vault_and_its_callers_see_how_secrets_are_sealed() -> None:
    assert found(r"\bFernet\b", python_files("vault.py")) == []
    signs = "domain/rehearsal/report/signing_key.py"
    assert found(r"\bcryptography\b", python_files("vault.py", signs)) == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("inline styles", r"<style\b|\sstyle\s*="),
        ("inline scripts", r"<script(?![^>]*\bsrc=)"),
        ("inline handlers", r"\son[a-z]+\s*=\s*[\"']"),
        ("scripts of htmx", r"\bhx-on\b|\bhx-live\b|\bjs:|javascript:"),
        ("trigger filters", r"hx-trigger=\"[^\"]*\["),
        ("text that is not escaped", r"\|\s*safe\b|autoescape\s+false"),
        ("addresses of other hosts", r"(?:src|href)=\"(?:https?:)?//(?!dashboard\.stripe\.com|docs\.stripe\.com)"),
    ],
)
def test_templates_have_none_of_what_the_policy_refuses(what: str, pattern: str) -> None:
    assert found(pattern, templates()) == [], what


def test_every_form_that_posts_carries_the_token() -> None:
    forms = [
        (path.name, form)
        for path in templates()
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text(), flags=re.DOTALL)
    ]
    assert len(forms) > 10
    assert [(name, form) for name, form in forms if "csrf_field()" not in form] == []


def test_lock_files_carry_hashes_and_no_registry_addresses() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert {path.name for path in locks} == {"runtime.txt", "development.txt"}
    assert found(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", locks) == []
    for path in locks:
        names = re.findall(r"^[a-z0-9][^ \n]*==[^ \n]+", path.read_text(), re.MULTILINE)
        hashed = re.findall(r"^[a-z0-9][^ \n]*==[^\n]*\\\n    --hash=", path.read_text(), re.MULTILINE)
        assert len(names) == len(hashed) > 0


def test_no_file_is_longer_than_people_like_to_read() -> None:
    """Blank lines are not counted, since they make a file easier to read."""
    lengths = {
        path: sum(bool(line.strip()) for line in path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")
    }
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_the_domain_names_no_icon() -> None:
    """Pages choose it by the status, in web/common/rendering/. Icons of one common word are not looked for."""
    names = "|".join(path.stem for path in (ROOT / "templates" / "icons").glob("*-*.svg"))
    rules = [path for path in python_files() if path.is_relative_to(PACKAGE / "domain")]
    assert found(rf"[\"']({names})[\"']|\bicon\s*[:=]|\.icon\b", rules) == []


def test_a_line_of_a_template_is_short() -> None:
    """One element or one thought. The pictures in `templates/icons` are left out: a path of one is one word."""
    assert found(rf".{{{LONGEST_LINE + 1},}}", templates()) == []


def test_every_program_can_be_started() -> None:
    programs = [*(ROOT / "bin").iterdir(), ROOT / ".ci" / "run"]
    assert [path.name for path in programs if not os.access(path, os.X_OK)] == []


def test_importing_the_package_does_not_import_flask() -> None:
    code = "import sys, billingportal, billingportal.config, billingportal.vault; print('flask' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout == "False\n"
