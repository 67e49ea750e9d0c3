"""What is only looked at is not written: no GET ends a transaction, but for the notes that are listed here."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.house.source import sources

# What ends the transaction of a request, and so the promise that it reads.
ENDING = {"commit", "rollback", "repeat", "read_only"}
# Who writes a note beside a request that reads, and why it cannot wait for a POST.
ASIDE = {
    "canvass.web.page.auth._find_session": "a session that is only read with must not run out; every six hours at most",
    "canvass.web.members.joining._link": "a wrong code is counted however it is tried, else guessing had no end",
}
# Asked before every view.
GUARD = "canvass.web.page.auth.require_login"
PROMISE = {GUARD: {"read_only"}}


def functions(modules: Mapping[str, ast.Module]) -> dict[str, ast.FunctionDef]:
    """Every function of the web layer by its dotted name."""
    return {
        f"{name}.{node.name}": node
        for name, tree in modules.items()
        if name.startswith("canvass.web.")
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def views(known: Mapping[str, ast.FunctionDef]) -> set[str]:
    """Those that answer a GET."""
    return {
        name
        for name, node in known.items()
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in ("bp.get", "bp.route")
    }


def uses(name: str, node: ast.FunctionDef, modules: Mapping[str, ast.Module]) -> Iterator[str]:
    """The functions of the web layer that this one calls or hands on, by their dotted names."""
    module = name.rpartition(".")[0]
    known = {
        alias.asname or alias.name: f"{found.module}.{alias.name}"
        for found in ast.walk(modules[module])
        if isinstance(found, ast.ImportFrom)
        for alias in found.names
    }
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield known.get(part.id, f"{module}.{part.id}")
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            yield f"{known.get(part.value.id, '')}.{part.attr}"


def reached(modules: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """What each function that a GET can come to does with its transaction, where it does anything."""
    known = functions(modules)
    waiting, found = [*views(known), *(name for name in [GUARD] if name in known)], {}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        called = {
            part.func.attr
            for part in ast.walk(known[name])
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)
        }
        found[name] = called & {*ENDING, "note_aside"}
        waiting += [used for used in uses(name, known[name], modules) if used in known]
    return {name: done for name, done in found.items() if done}


def test_no_view_that_is_looked_at_ends_its_transaction() -> None:
    assert len(views(functions(sources()))) > 40
    found = reached(sources())
    assert {name for name, done in found.items() if "note_aside" in done} == set(ASIDE)
    assert {name: done for name, done in found.items() if done - {"note_aside"}} == PROMISE


def test_a_view_that_writes_when_looked_at_is_found() -> None:
    shared = "def way_in(link):\n    made = make(link)\n    db.session.commit()\n    return made\n"
    view = "from canvass.web.page import shared\n@bp.get('/x')\ndef page():\n    return show()\n"
    view += "def show():\n    return shared.way_in(1)\n"
    modules = {"canvass.web.page.shared": ast.parse(shared), "canvass.web.members.x": ast.parse(view)}
    assert reached(modules) == {"canvass.web.page.shared.way_in": {"commit"}}
    posted = {**modules, "canvass.web.members.x": ast.parse(view.replace("bp.get", "bp.post"))}
    assert reached(posted) == {}
