"""Addresses are built by url_for from the name of a view: none is spelt out in a page, a view or a script."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from flask import Flask
from jinja2 import Environment

from canvass.core.settings import ROOT
from tests.house.source import files, sources

# Where a page says an address: what links, forms and images lead to, and what scripts read.
ADDRESS = re.compile(r'\s(?:href|src|action|formaction|hx-[\w:-]+|data-[\w-]+)="([^"]*)"')
# A path, or the question after one, as somebody would write it down.
SPELT_OUT = re.compile(r"[/?&]\w")
# What starts with a slash in the views and is no address that somebody is led to.
PREFIXES = {"/api/": "tells phones from people, also where no view answers"}
# Addresses that scripts know by themselves, and why.
PROTOCOL = {"/api/v1/hello", "/api/v1/outlines", "/api/v1/sync"}  # docs/sync.md; phones keep scripts for weeks
WORKER = {"/", "/log", "/offline", "/service-worker.js"}  # kept on the phone, where no page can tell it


def in_template(source: str, environment: Environment) -> Iterator[str]:
    """The addresses that a template spells out, in its text or in its expressions."""
    text = ""
    for _line, kind, value in environment.lex(source):
        if kind == "data":
            text += value
        elif kind == "variable_begin":
            text += "\0"
        elif kind == "string" and SPELT_OUT.match(value[1:-1]):
            yield value[1:-1]
    for found in ADDRESS.findall(text):
        if SPELT_OUT.search(found) or found.startswith("/") or "\0/" in found or "\0?" in found:
            yield found.replace("\0", "…")


def in_code(tree: ast.AST) -> Iterator[str]:
    """The addresses that a module spells out; where a view is registered is where they belong."""
    routes = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("bp.get", "bp.post", "Blueprint")
        for part in ast.walk(node)
    }
    said = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in routes | said:
            if SPELT_OUT.match(node.value):
                yield node.value
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "redirect":
            yield from (ast.unparse(part) for part in node.args[:1] if isinstance(part, (ast.Constant, ast.JoinedStr)))


def in_script(source: str) -> set[str]:
    """The addresses that a script spells out."""
    said = re.sub(r"^\s*//.*", "", source, flags=re.MULTILINE)
    return set(re.findall(r"""["'`](/(?:[a-z][^"'`\s]*)?)["'`]""", said))


def test_templates_spell_no_address_out(app: Flask) -> None:
    found = {
        str(path.relative_to(ROOT)): spelt
        for kind in ("html", "svg")
        for path in files("templates", kind=kind)
        if (spelt := [*in_template(path.read_text("utf-8"), app.jinja_env)])
    }
    assert found == {}


def test_views_spell_no_address_out() -> None:
    read = {name: tree for name, tree in sources().items() if name.startswith("canvass.web.") or name == "canvass.cli"}
    found = {name: spelt for name, tree in read.items() if (spelt := set(in_code(tree)) - {*PREFIXES})}
    assert found == {}


def test_scripts_are_told_their_addresses_by_the_page() -> None:
    known = {path.name: spelt for path in files("static", kind="js") if (spelt := in_script(path.read_text("utf-8")))}
    worker = known.pop("service-worker.js")
    assert worker == WORKER
    assert set().union(*known.values()) == PROTOCOL


def test_these_rules_find_what_breaks_them(app: Flask) -> None:
    for bad in (
        '<a href="/areas">x</a>',
        '<a href="?at={{ node.id }}">x</a>',
        '<a class="x" href="{{ here }}/example.csv">x</a>',
        '<form method="post" action="{{ here }}/{{ area.id }}/assign">',
        '<div hx-get="/shifts/{{ shift.id }}" hx-trigger="every 10s">',
        '<body data-worker="/service-worker.js">',
        "{{ f.post('/walls/' ~ wall.id ~ '/withdraw', label) }}",
        "{% set address = url_for('coverage.page') ~ '?at=' ~ node.id %}",
        "{{ p.tabs([{'url': here ~ '&of=areas'}]) }}",
    ):
        assert list(in_template(bad, app.jinja_env)), bad
    for good in (
        "<a href=\"{{ url_for('areas.page', area_id=area.id) }}\">2 / 3</a>",
        '<a href="#review">x</a>{# <a href="/x"> #}',
        '<a href="geo:{{ x }},{{ y }}">{{ url.rsplit("/", 1)[0] }}</a>',
        '<div hx-get="{{ here }}" hx-trigger="every 10s" data-open="{{ x }}">',
    ):
        assert list(in_template(good, app.jinja_env)) == [], good
    for bad in (
        'redirect("/")',
        'redirect(f"{base}{path}")',
        'url = f"/campaigns/{id}"',
        'url = f"?at={id}"',
        "start_url='/log'",
        'jsonify(next="/x")',
    ):
        assert list(in_code(ast.parse(bad))), bad
    assert list(in_code(ast.parse('"""/log"""\n@bp.get("/log")\ndef f(): return redirect(url_for("x"), 303)'))) == []
    assert in_script('register("/service-worker.js"); x = `/shifts/${id}`; y = "/"; z = a / b') == {
        "/service-worker.js",
        "/shifts/${id}",
        "/",
    }
