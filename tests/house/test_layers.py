"""The layers: what knows nothing of requests, commits and the machine's clock. import-linter holds who imports whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from canvass.core.settings import ROOT
from tests.house.source import calls, rules, sources

# What ends a transaction below the web layer: `db.repeat` for a view, and the start, which has no view.
COMMITTERS = {"canvass.core.db", "canvass.core.state"}
FRAMEWORK = {"flask", "flask_login", "werkzeug"}
ASKING = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}


def of_requests(tree: ast.AST) -> set[str]:
    """What a module takes from Flask and Werkzeug."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in (
            "flask",
            "werkzeug",
            "flask_login",
        ):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] in FRAMEWORK}
    return found


def ends_a_transaction(tree: ast.AST) -> bool:
    return any(called in ("commit", "rollback") for called, _ in calls(tree))


def asks_the_machine(tree: ast.AST) -> bool:
    """Whether a module reads the machine's clock itself."""
    return any(isinstance(node.func, ast.Attribute) and ast.unparse(node.func) in ASKING for _, node in calls(tree))


def test_below_the_web_layer_nobody_knows_of_requests() -> None:
    """The person is an argument: sync, command line and views call the same functions, and tests need no client."""
    known = {name: found for name, tree in rules().items() if (found := of_requests(tree))}
    assert known == {"canvass.core.db": {"Flask", "g"}}  # g is of the app context, as the session is


def test_rules_never_commit_and_never_roll_back() -> None:
    """A change, its counters and its audit entry are one transaction, and the view ends it."""
    assert {name for name, tree in rules().items() if ends_a_transaction(tree)} == COMMITTERS


def test_rules_and_views_ask_the_clock() -> None:
    """So that a test, and a simulated year, decides what time it is."""
    read = rules() | {name: tree for name, tree in sources().items() if name.startswith("canvass.web.")}
    assert {name for name, tree in read.items() if asks_the_machine(tree)} == {"canvass.core.clock"}


def test_these_rules_find_what_breaks_them() -> None:
    assert of_requests(ast.parse("def f():\n    from flask import request")) == {"request"}
    assert of_requests(ast.parse("import werkzeug.exceptions")) == {"werkzeug.exceptions"}
    assert of_requests(ast.parse("from flask_login import current_user")) == {"current_user"}
    assert ends_a_transaction(ast.parse("db.session.commit()"))
    assert asks_the_machine(ast.parse("def f():\n    return datetime.now(UTC)"))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/clock.py", "from canvass.members import people"),
        ("fieldwork/campaigns.py", "def f():\n    from canvass.counting import tallies"),
        ("web/fieldwork/campaigns.py", "from canvass.web.insight import numbers"),
        ("members/organisations.py", "import canvass.members.people"),
    ],
)
def test_an_import_from_a_layer_above_is_found(tmp_path: Path, module: str, line: str) -> None:
    copy = tmp_path / "canvass"
    for path in (ROOT / "canvass").rglob("*.py"):
        there = copy / path.relative_to(ROOT / "canvass")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(path.read_text("utf-8"), "utf-8")
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    lint = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run(
        [sys.executable, "-c", lint, *settings], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert "BROKEN" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
