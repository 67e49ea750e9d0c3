"""Views are shut by default: the open ones are listed, and what changes something is posted."""

from __future__ import annotations

from flask import Flask

from tests.house.views import OPEN_BY_TOKEN, OPEN_TO_ALL, OPEN_TO_DEVICES


def test_these_views_are_open_and_no_other(app: Flask) -> None:
    def marked(mark: str) -> set[str]:
        return {endpoint for endpoint, view in app.view_functions.items() if getattr(view, mark, False)}

    assert marked("is_open") == OPEN_TO_ALL | OPEN_BY_TOKEN
    assert marked("has_token") == OPEN_BY_TOKEN | OPEN_TO_DEVICES
    assert marked("takes_device") == OPEN_TO_DEVICES


def test_a_view_open_by_token_has_its_token_in_the_address(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN_BY_TOKEN:
            assert rule.arguments & {"token", "code"}, rule
        elif rule.endpoint in OPEN_TO_ALL:
            assert not rule.arguments, rule


def test_what_changes_something_is_posted(app: Flask) -> None:
    assert {method for rule in app.url_map.iter_rules() for method in rule.methods or ()} == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip
