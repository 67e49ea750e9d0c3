"""What SQLite promises beyond other engines, wherever its file is and whoever else has it open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

import canvass
from canvass import cli
from canvass.core import db, engines, journals, sqlite
from canvass.core.sqlite import sqlite3
from canvass.members import organisations
from canvass.members.organisations import Organisation


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """In the context of one more app on the folder's database, as if in a process of its own."""
    app = canvass.create_app(DATA=folder, TESTING=True)
    with app.app_context():
        try:
            cli.bring_up_to_date(app)
            yield
        finally:
            db.session.remove()
            db.db.engine.dispose()


def mode() -> str:
    db.session.rollback()
    return engines.describe(db.session.connection())["journal_mode"]


def test_on_a_network_no_memory_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor on the way there, for a database that was in WAL."""
    with opened(tmp_path):
        organisations.add("district", "Dalarna", None)
        db.session.commit()
    monkeypatch.setattr(journals, "network", lambda folder: "nfs4")
    (tmp_path / "canvass.db-shm").mkdir()  # where nobody can open a file
    with opened(tmp_path):
        assert mode() == "truncate"
        assert db.session.scalar(select(Organisation.name)) == "Dalarna"
        said = cli.database_lines()
    assert said[0] == f"Database: SQLite {sqlite3.sqlite_version}, journal_mode=truncate"
    assert "nfs4" in said[1]


@pytest.mark.skipif(not sqlite.WAL_IS_SAFE, reason="this SQLite keeps no WAL")
def test_who_comes_later_keeps_to_the_journal_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Perhaps with another Python, and so with another SQLite: changing it under the first one would not be safe."""
    monkeypatch.setattr(sqlite, "WAL_IS_SAFE", False)
    with opened(tmp_path):
        monkeypatch.setattr(sqlite, "WAL_IS_SAFE", True)
        with opened(tmp_path):
            assert mode() == "truncate"
    with opened(tmp_path):
        assert mode() == "wal"
        monkeypatch.setattr(sqlite, "WAL_IS_SAFE", False)
        with pytest.raises(RuntimeError, match="journal_mode is 'wal'"), opened(tmp_path):
            pass


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "canvass.db").write_text("hej" * 1000)
    with pytest.raises(RuntimeError, match=r"canvass\.db cannot be opened: file is not a database\."), opened(tmp_path):
        pass


def test_a_new_table_alone_is_worth_a_commit(tmp_path: Path) -> None:
    with opened(tmp_path):
        db.session.execute(text("CREATE TABLE new (x)"))
        db.session.commit()
    with opened(tmp_path):
        assert db.session.execute(text("SELECT * FROM new")).all() == []


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
def test_no_second_sqlite_library_has_the_database_open(app: Flask) -> None:
    assert isinstance(db.session.connection().connection.driver_connection, sqlite3.Connection)
