"""Style sheets are sent as one file per kind of page, and kept by browsers until their content changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from canvass.core.settings import ROOT
from canvass.web.page import fragments, stylesheets
from tests.conftest import browser

CSS = ROOT / "static" / "css"


def test_a_style_sheet_is_sent_whole_and_in_its_order(app: Flask) -> None:
    text = browser(app).get("/static/css/phone.css").text
    assert "@import" not in text
    assert "/*" not in text
    found = [
        text.index(part) for part in ("@layer reset, tokens", "--accent:", ".screen {", ".pad {", "(max-width: 22rem)")
    ]
    assert found == sorted(found)


def test_a_marked_style_sheet_is_kept_for_a_year_and_an_unmarked_one_asked_for(app: Flask) -> None:
    client = browser(app)
    found = re.search(r'<link rel="stylesheet" href="([^"]+)"', client.get("/about").text)
    assert found
    marked, plain = client.get(found[1]), client.get("/static/css/leader.css")
    assert marked.text == plain.text
    assert marked.mimetype == plain.mimetype == "text/css"
    assert "immutable" in marked.headers["Cache-Control"]
    assert plain.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/css/leader.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_mark_changes_with_any_component(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    component, sheet = tmp_path / "button.css", tmp_path / "phone.css"
    sheet.write_text('@import "button.css";')
    marks = set()
    for colour in ("red", "blue"):
        component.write_text(f".button {{ color: {colour}; }}")
        monkeypatch.setitem(app.extensions["stylesheets"], "css/phone.css", stylesheets.join(sheet))
        with app.test_request_context():
            marks.add(fragments.mark("css/phone.css"))
    assert len(marks) == 2


def test_a_style_sheet_that_imports_nothing_there_is_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "phone.css").write_text('@import "phone/lost.css";')
    with pytest.raises(FileNotFoundError):
        stylesheets.join(tmp_path / "phone.css")


def test_every_component_is_in_a_style_sheet_or_in_a_template() -> None:
    used = set()
    for sheet in CSS.glob("*.css"):
        used |= set(stylesheets.IMPORT.findall(sheet.read_text("utf-8")))
    for template in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r"asset\('css/(\w+/[\w/-]+\.css)'\)", template.read_text("utf-8")))
    assert used == {path.relative_to(CSS).as_posix() for path in CSS.rglob("*.css") if path.parent != CSS}
