"""A list asks the database as often for thirty rows as for three, on every page there is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import literal, select

from canvass.core import db
from canvass.insight import plausibility, sums
from canvass.members.people import Person
from canvass.web.insight import blocks
from tests.cast import Cast
from tests.conftest import questions
from tests.house.growing import grow
from tests.house.test_pages import ids_for, tokens_for

SignedIn = Callable[[Person], FlaskClient]
# What shows the same however much there is. A page that is not named here must grow with what `grow` makes.
WITHOUT_LISTS = {
    "about.health", "about.offline", "about.page", "about.ready",
    "attempts.front", "attempts.manifest", "attempts.screen", "attempts.service_worker",
    "calendars.one",
    "joining.demo", "joining.invited", "joining.poster", "joining.sign_in_link", "joining.type_code",
    "joining.way_back",
    "numbers.watch", "walls.wall", "walls.watch",
    "people.sign_in",
    "setup.begin",
    "shifts.image", "shifts.poster",
}  # fmt: skip
LONGER = 25  # lines, elements and objects of JSON; fewer may be a chart that has more to draw
# Asked for in other ways too: another part of the page, sorted, searched.
ASKED = {
    "quarantine.index": ["decided=1"],
    "reports.index": ["by=area", "by=day,channel,association"],
    "organisations.index": ["q=o"],
    "coverage.page": ["by=visited&sort=name"],
    "targets.page": ["of={association}", "deep=1"],
}
# A list of values, as each engine's driver writes it.
LISTS = re.compile(r"\((?:(?:\?|%\(\w+\)s(?:::\w+)?)(?:, )?)+\)")
Pages = dict[tuple[str, str], tuple[FlaskClient, str]]


@pytest.fixture
def pages(app: Flask, cast: Cast, signed_in: SignedIn) -> Pages:
    """Everything that can be looked at, by the view and who looks. New views are among them by themselves."""
    secret = app.config["SECRET_KEY"]
    tokens, ids = tokens_for(cast, secret), ids_for(cast, secret)
    viewers = {"admin": signed_in(cast.adam), "leader": signed_in(cast.bo), "volunteer": signed_in(cast.alva)}
    found: Pages = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        address = rule.rule.replace("<token>", tokens.get(rule.rule.split("/")[1], "no token"))
        for name, value in ids.items():
            address = address.replace(f"<{name}>", value)
        assert "<" not in address, f"{rule.rule}: give ids_for one of those"
        for viewer, client in viewers.items():
            for query in ["", *ASKED.get(rule.endpoint, ())]:
                query = query.format(association=cast.hageby.id)
                found[f"{rule.endpoint}?{query}".rstrip("?"), viewer] = client, f"{address}?{query}".rstrip("?")
    db.session.commit()
    return found


def looked_at(pages: Pages) -> dict[tuple[str, str], tuple[list[str], int]]:
    """The statements that each page took when nothing was cached, and how long it is."""
    found = {}
    for name, (client, address) in pages.items():
        sums._cache.clear()
        plausibility._cache.clear()
        with questions() as seen:
            answer = client.get(address)
        assert answer.status_code < 500, name
        found[name] = [*seen], sum(answer.text.count(part) for part in "\n<{")
    return found


def rendered(cast: Cast) -> dict[tuple[str, str], tuple[list[str], int]]:
    """The same of the block of numbers as a stream renders it, at two levels."""
    found = {}
    for node in (cast.norrkoping, cast.ostergotland):
        block = blocks.subject(cast.spring, node, may_review=True)
        db.session.rollback()
        sums._cache.clear()
        blocks._backgrounds.clear()
        db.read_only()
        with questions() as seen:
            text = block.render()
        db.session.rollback()
        found["the live block", node.kind] = [*seen], text.count("<")
    return found


def repeated(few: list[str], many: list[str]) -> dict[str, tuple[int, int]]:
    """The statements that were sent more often than before, and how often, however long their lists of values are."""
    before, now = (Counter(LISTS.sub("(…)", statement) for statement in asked) for asked in (few, many))
    return {statement: (before[statement], number) for statement, number in now.items() if number > before[statement]}


def test_no_page_asks_once_per_row(app: Flask, cast: Cast, pages: Pages) -> None:
    secret = app.config["SECRET_KEY"]
    grow(cast, secret, range(3))
    db.session.commit()
    few = looked_at(pages) | rendered(cast)
    grow(cast, secret, range(3, 30))
    db.session.commit()
    many = looked_at(pages) | rendered(cast)
    more = {name: repeated(few[name][0], asked) for name, (asked, _length) in many.items()}
    assert {name: statements for name, statements in more.items() if statements} == {}
    longer = {name.partition("?")[0] for name, viewer in many if many[name, viewer][1] > few[name, viewer][1] + LONGER}
    assert {name.partition("?")[0] for name, _viewer in many} - longer == WITHOUT_LISTS


def test_a_page_that_asks_once_per_row_is_found(
    app: Flask, cast: Cast, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asking(role: str) -> str:
        return str(db.session.scalar(select(literal(role))))

    monkeypatch.setitem(app.jinja_env.globals, "role_name", asking)
    shown = {name: page for name, page in pages.items() if name == ("people.index", "admin")}
    grow(cast, app.config["SECRET_KEY"], range(2))
    few = looked_at(shown)
    grow(cast, app.config["SECRET_KEY"], range(2, 4))
    many = looked_at(shown)
    assert [len(repeated(few[name][0], many[name][0])) for name in shown] == [1]
