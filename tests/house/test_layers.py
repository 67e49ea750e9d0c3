"""The layers: what may import what, and what knows nothing of requests, commits and the machine's clock."""

from __future__ import annotations

import ast
import re

from canvass.core.settings import ROOT
from tests.house.source import calls, rules, sources


def test_below_the_web_layer_nobody_knows_of_requests() -> None:
    """The person is an argument: sync, command line and web call the same verbs, and tests need no client."""
    for name in rules():
        tree = sources()[name]
        taken = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("flask", "werkzeug")
            for alias in node.names
        }
        assert taken <= ({"Flask"} if name == "canvass.core.db" else set()), name
        whole = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not whole & {"flask", "werkzeug"}, name


def test_rules_never_commit_and_never_roll_back() -> None:
    """A change, its counters and its trace are one transaction, and the view ends it."""
    ending = {name for name in rules() for called, _ in calls(name) if called in ("commit", "rollback")}
    assert ending == {"canvass.core.db", "canvass.core.state"}  # `db.repeat` for a view; a start has no view


def test_rules_and_views_ask_the_clock() -> None:
    """So that a test, and a year played again, decides what time it is."""
    asking = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(")
    # The clock itself, and ids, which grow with real time, ask the machine.
    for name in [*rules(), *(name for name in sources() if name.startswith("canvass.web."))]:
        path = ROOT / (name.replace(".", "/") + ".py")
        if path.exists() and name not in (
            "canvass.core.clock",
            "canvass.core.db",
        ):
            assert not asking.search(path.read_text("utf-8")), path
