"""The service worker's script: the same for all who ask in one language, and another one after any change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, template_rendered

from canvass.core import i18n
from canvass.core.settings import ROOT
from canvass.web.counting import shell


@pytest.fixture
def app(apps: Callable[[str], Flask]) -> Flask:
    """On any engine: nothing here asks the database."""
    return apps("sqlite")


@pytest.fixture
def made(app: Flask) -> Iterator[Callable[[], str]]:
    """`made()` is the script, as a process makes it that has just begun."""
    shell._worker.cache_clear()
    with app.test_request_context():
        yield shell.worker
    shell._worker.cache_clear()


@pytest.fixture
def static(app: Flask, made: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of static files in which anything may be changed."""
    for path in (ROOT / "static").rglob("*.*"):
        copy = tmp_path / path.relative_to(ROOT / "static")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(app, "static_folder", str(tmp_path))
    return tmp_path


def test_it_is_made_once_for_each_language(app: Flask, made: Callable[[], str]) -> None:
    rendered: list[str] = []

    def note(_app: Flask, template: object, **_context: object) -> None:
        rendered.append(i18n.language())

    with template_rendered.connected_to(note, app):
        scripts = []
        for language in ("sv", "en", "sv", "en"):
            with i18n.speaking(language):
                scripts.append(made())
    assert rendered == ["sv", "sv", "en", "en"]  # two pages
    assert scripts[:2] == scripts[2:]
    assert scripts[0] != scripts[1]


def test_every_file_that_the_screen_loads_is_named_once(app: Flask, made: Callable[[], str]) -> None:
    named = json.loads(made().splitlines()[1].removeprefix("const SHELL = ").removesuffix(";"))
    assert len(named) == len(set(named))
    assert {"/log", "/offline", "/static/js/phone/queue/outbox.js", "/static/js/phone/queue/database.js"} <= set(named)


@pytest.mark.parametrize("name", ["service-worker.js", "js/phone/screen/log.js", "js/phone/queue/database.js"])
def test_a_change_is_seen_when_the_server_starts_anew_and_at_once_in_debug_mode(
    app: Flask, made: Callable[[], str], static: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = made()
    (static / name).write_text((static / name).read_text("utf-8") + "\n", "utf-8")
    assert made() == before
    monkeypatch.setattr(app, "debug", True)
    assert made() != before
    monkeypatch.setattr(app, "debug", False)
    shell._worker.cache_clear()
    assert made() != before
