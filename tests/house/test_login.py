"""Flask-Login knows who is asking and signs nobody in: its signed cookie would be a second way in."""

from __future__ import annotations

import ast

import pytest
from flask import Flask
from jinja2 import Environment, meta

from canvass.core.settings import ROOT
from tests.house.source import files, sources

# Each of these writes to Flask's signed cookie, or trusts what stands in it.
FORBIDDEN = {"login_user", "logout_user", "confirm_login", "login_fresh", "login_remembered", "fresh_login_required"}
PLANTED = (
    "from flask_login import login_user",
    "from flask_login import current_user, login_user as enter",
    "from flask_login.utils import login_user",
    "import flask_login\nflask_login.login_user(person)",
    "import flask_login.utils as u\nu.login_user(person, remember=True)",
    "import flask_login\ngetattr(flask_login, 'login_user')(person)",
    "from flask_login import *",
    "def leave():\n    from flask_login import logout_user",
)


def forbidden(tree: ast.Module) -> set[str]:
    """The functions of Flask-Login that the module names, and `*` when it takes them all."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flask_login"):
            found |= {alias.name for alias in node.names} & (FORBIDDEN | {"*"})
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & FORBIDDEN
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} & FORBIDDEN
    return found


def test_nobody_is_signed_in_by_flask_login() -> None:
    assert {name: found for name, tree in sources().items() if (found := forbidden(tree))} == {}


@pytest.mark.parametrize("planted", PLANTED)
def test_the_rule_finds_what_is_planted(planted: str) -> None:
    assert forbidden(ast.parse(planted))


def test_the_rule_lets_current_user_pass() -> None:
    assert not forbidden(ast.parse("from flask_login import current_user, LoginManager"))


def reads_person(env: Environment, source: str) -> bool:
    """Does the template ask for `person`, which no view gives it and Jinja would take for nobody?"""
    return "person" in meta.find_undeclared_variables(env.parse(source))


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
def test_templates_know_the_person_as_current_user(app: Flask) -> None:
    found = files("templates", kind="html")
    assert len(found) > 40
    assert [str(path.relative_to(ROOT)) for path in found if reads_person(app.jinja_env, path.read_text("utf-8"))] == []
    assert reads_person(app.jinja_env, "{% if person %}{{ _('Logga ut') }}{% endif %}")
    assert not reads_person(app.jinja_env, "{% for person in people %}{{ person.name }}{{ form.person }}{% endfor %}")
