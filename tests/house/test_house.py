"""Rules of the house that no tool of others keeps."""

from __future__ import annotations

import ast
import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policies import REASONS, Knobs
from recsvc.cli.main import COMMANDS
from recsvc.cli.training import MODELS
from recsvc.config.settings import Settings
from recsvc.recommenders.kinds.named import KINDS
from simulations import forms
from simulations.figures import MEASURES

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("policies", "recsvc", "simulations")
MODULES = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_says_what_it_is_and_stays_small(path: Path) -> None:
    text = path.read_text()
    if path.name == "__init__.py" and not text:
        return
    doc = ast.get_docstring(ast.parse(text), clean=False)
    assert doc, "a module docstring of a few lines"
    assert len(text.splitlines()) <= 300


def test_the_package_itself_stays_empty() -> None:
    assert (PROJECT / "recsvc" / "__init__.py").read_text() == ""


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("policies/decide.py", "import time"),
        ("policies/decide.py", "from recsvc import ports"),
        ("simulations/shop/world.py", "from recsvc.stores import memory"),
        ("simulations/play.py", "from recsvc.serving import slates"),
        ("simulations/run.py", "from recsvc.config import settings"),
        ("recsvc/web/slates.py", "from recsvc.recommenders.artifacts import artifact"),
        ("recsvc/contract/judge.py", "from policies import knobs"),
        ("recsvc/preparation/ladder.py", "from recsvc.serving import slates"),
        ("recsvc/rules/rule.py", "import time"),
        ("recsvc/rules/rule.py", "from recsvc.config import knobs"),
        ("recsvc/recommenders/kinds/als.py", "from recsvc.recommenders.live import watching"),
        ("recsvc/stores/memory.py", "from recsvc.recommenders.artifacts import artifact"),
    ],
)
def test_an_import_that_runs_up_breaks_the_build(module: str, line: str, tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(PROJECT / room, tmp_path / room)
    shutil.copy(PROJECT / "setup.cfg", tmp_path)
    text = (tmp_path / module).read_text()
    marker = "from __future__ import annotations\n"
    (tmp_path / module).write_text(text.replace(marker, f"{marker}\n{line}\n", 1))
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def headings(page: str) -> set[str]:
    text = (PROJECT / "docs" / page).read_text()
    return {match.strip("` ") for match in re.findall(r"^##+ (.*)$", text, re.MULTILINE)}


def test_every_setting_has_a_heading_in_the_docs() -> None:
    assert set(Settings.model_fields) <= headings("settings.md")


def test_every_knob_has_a_row_in_the_docs_with_its_default() -> None:
    text = (PROJECT / "docs" / "knobs.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", text, re.MULTILINE))
    defaults = {None: "null", True: "true", False: "false", "uniform": '`"uniform"`', (): "`[]`"}
    for knob in dataclasses.fields(Knobs):
        value = knob.default
        told = (
            '`["purchase"]`'
            if value == ("purchase",)
            else defaults.get(value, f"{value:g}" if isinstance(value, float) else str(value))
        )
        if type(value) in (int, float) and value in (0, 1):
            told = f"{value:g}"
        assert rows[knob.name].strip() == told, knob.name


def test_every_reason_is_in_the_docs() -> None:
    text = (PROJECT / "docs" / "api.md").read_text()
    assert {reason for reason in REASONS if f"`{reason}`" not in text} == set()


def test_every_key_of_a_study_and_every_measure_is_in_the_docs() -> None:
    text = (PROJECT / "docs" / "simulation.md").read_text()
    tables = (forms.Written, forms.Replay, forms.World, forms.Model)
    fields = [(key, field) for table in tables for key, field in table.model_fields.items()]
    keys = {str(field.validation_alias or key) for key, field in fields}
    assert {key for key in keys if f"`{key}`" not in text and f"[{key}" not in text} == set()
    words = {
        measure.label.split(",")[0].lower().replace("forced exits", "forced")
        for measure in MEASURES
    }
    assert {word for word in words if word not in text.lower()} == set()


def test_every_link_between_the_docs_leads_somewhere() -> None:
    for page in [
        PROJECT / "README.md",
        PROJECT / "README.ko.md",
        PROJECT / "CHANGELOG.md",
        *(PROJECT / "docs").rglob("*.md"),
    ]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_command_line_names_the_models_that_there_are() -> None:
    assert set(MODELS) == set(KINDS)


def test_the_help_of_every_command_is_there_and_the_first_one_is_light() -> None:
    heavy = "import sys; from recsvc.cli.main import cli; "
    heavy += "print([m for m in ('numpy', 'pandas', 'flask', 'implicit') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
    for name in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "recsvc", name, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "Usage: " in done.stdout
