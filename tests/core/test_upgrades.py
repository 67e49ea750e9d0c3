"""An upgrade: a verified backup first, said in a line, by the server alone; and a program that is too old says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

import canvass
from canvass import cli
from canvass.cli import databases, starting
from canvass.core import backups, db, schemas
from canvass.core.sqlite import sqlite3
from tests.conftest import disposing
from tests.core.test_migrations import OLDEST


def leave_one(folder: Path) -> Path:
    with closing(sqlite3.connect(folder / "canvass.db")) as connection:
        connection.executescript(OLDEST.read_text("utf-8"))
    return folder / "canvass.db"


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Flask]:
    """The product on a database of its first version."""
    leave_one(tmp_path)
    with disposing(canvass.create_app(DATA=tmp_path)) as app, app.app_context():
        yield app


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_what_was_there_is_kept_before_an_upgrade(old: Flask) -> None:
    before = revision(old.config["DATA"] / "canvass.db")
    (line,) = cli.bring_up_to_date(old)
    kept = backups.newest(old.config["DATA"] / "backups")
    assert kept
    assert revision(kept) == before != schemas.head()
    backups.check(kept)
    assert line == f"The database was upgraded from {before} to {schemas.head()}. Backup from before: {kept}"
    assert cli.bring_up_to_date(old) == []


def test_without_a_backup_nothing_is_upgraded(old: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    (old.config["DATA"] / "backups").touch()
    with pytest.raises(starting.Unusable, match="not upgraded"):
        cli.bring_up_to_date(old)
    assert starting.revision_of(db.db.engine) != schemas.head()


def test_a_command_neither_upgrades_nor_runs_on_an_older_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = leave_one(tmp_path)
    monkeypatch.setenv("CANVASS_DATA", str(tmp_path))
    assert cli.main(["recount"]) == 1
    assert "Start the server once" in capsys.readouterr().err
    assert revision(path) != schemas.head()


def test_a_newer_database_is_left_as_it_is(old: Flask) -> None:
    path = old.config["DATA"] / "canvass.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(schemas.Foreign, match=r"newer version of Canvass.*9999.*restore"):
        cli.bring_up_to_date(old)
    assert revision(path) == "9999"
    with pytest.raises(backups.Failed, match="newer version"):
        backups.check(path)


def test_another_products_database_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "canvass.db")) as connection:
        connection.executescript("CREATE TABLE bookings (id INTEGER);")
    with disposing(canvass.create_app(DATA=tmp_path)) as app, app.app_context():
        with pytest.raises(schemas.Foreign, match="something else than Canvass"):
            cli.bring_up_to_date(app)
        with pytest.raises(schemas.Foreign):
            starting.revision_of(db.db.engine)


def test_there_is_no_way_down_but_a_backup() -> None:
    assert set(databases.migrations.commands) == {"migrate", "check", "current", "heads", "history", "show"}
