"""Views are shut by default: the open ones are listed, and what changes something is posted."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from flask import Flask
from werkzeug.routing import Map, Rule

from canvass.web.page import auth
from tests.house.views import OPEN_BY_TOKEN, OPEN_TO_ALL, OPEN_TO_DEVICES


def marked(app: Flask, mark: str) -> set[str]:
    """The endpoints whose views carry the mark."""
    return {endpoint for endpoint, view in app.view_functions.items() if getattr(view, mark, False)}


def lacking_a_token(rules: Iterable[Rule]) -> list[str]:
    """Views whose address should be a secret and has none, or that anybody may call and take an argument."""
    return [
        rule.endpoint
        for rule in rules
        if (rule.endpoint in OPEN_BY_TOKEN and not rule.arguments & {"token", "code"})
        or (rule.endpoint in OPEN_TO_ALL and rule.arguments)
    ]


def methods(rules: Iterable[Rule]) -> set[str]:
    return {method for rule in rules for method in rule.methods or ()}


def test_these_views_are_open_and_no_other(app: Flask) -> None:
    assert marked(app, "is_open") == OPEN_TO_ALL | OPEN_BY_TOKEN
    assert marked(app, "has_token") == OPEN_BY_TOKEN | OPEN_TO_DEVICES
    assert marked(app, "takes_device") == OPEN_TO_DEVICES


def test_a_view_open_by_token_has_its_token_in_the_address(app: Flask) -> None:
    assert lacking_a_token(app.url_map.iter_rules()) == []


def test_what_changes_something_is_posted(app: Flask) -> None:
    assert methods(app.url_map.iter_rules()) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("endpoint", [min(OPEN_TO_ALL), min(OPEN_BY_TOKEN)])
def test_these_rules_find_what_breaks_them(endpoint: str) -> None:
    planted = Flask("planted")
    planted.add_url_rule("/x", "x", auth.open_to_all(lambda: ""))
    assert marked(planted, "is_open") == {"x"}
    address = "/<person_id>" if endpoint in OPEN_TO_ALL else "/"
    rules = Map([Rule(address, endpoint=endpoint, methods=["DELETE"])])
    assert lacking_a_token(rules.iter_rules()) == [endpoint]
    assert "DELETE" in methods(rules.iter_rules())
