"""Backups on PostgreSQL, by its own programs, and the way there from SQLite."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from canvass.core import backups, db
from canvass.core.settings import ROOT
from tests.conftest import engines
from tests.serving.host import Host
from tests.serving.test_crashes import hand_in

pytestmark = [
    pytest.mark.skipif("postgresql" not in engines(), reason="there is no PostgreSQL to test with"),
    pytest.mark.skipif(shutil.which("pg_dump") is None, reason="PostgreSQL's client programs are not installed"),
]


@pytest.fixture
def address(apps: Callable[[str], Flask], tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of its own."""
    app, name = apps("postgresql"), f"own_{os.getpid()}"
    with app.app_context(), db.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        url = make_url(app.config["DATABASE_URL"]).set(drivername="postgresql", database=name)
        yield url.render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def host(address: str, tmp_path: Path) -> Iterator[Host]:
    found = Host(tmp_path / "data", address)
    yield found
    found.close()


def worked(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_dump_is_taken_beside_the_server_and_put_back_whole_when_it_has_stopped(host: Host) -> None:
    host.start()
    cast, phone = host.gather()
    hand_in(phone, cast, 2)
    dump = Path(worked(host.command("backup")))
    assert (dump.parent, dump.stat().st_mode & 0o777) == (host.folder / "backups", 0o600)
    kept = phone.send().json
    assert kept["durable_before"]
    hand_in(phone, cast, 3)

    refused = host.command("restore", str(dump))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "in use" in refused.stderr
    host.stop()
    cut = dump.with_name("cut.dump")
    cut.write_bytes(dump.read_bytes()[:-2000])
    for other in (cut, ROOT / "README.md"):
        refused = host.command("restore", str(other))
        assert (refused.returncode, other.name in refused.stderr) == (1, True)
        assert "Traceback" not in refused.stderr
    with host.window():
        assert host.receipts() == 15
    assert "The former database is" in worked(host.command("restore", str(dump)))
    host.start()
    with host.window():
        assert host.receipts() == 6
    phone.client.client.close()  # type: ignore[attr-defined]
    answer = phone.send().json
    assert answer["epoch"] != kept["epoch"]
    assert answer["durable_before"] is None


def test_rows_move_from_sqlite_to_an_empty_postgresql_only(address: str, tmp_path: Path) -> None:
    small = Host(tmp_path / "data")
    small.start()
    cast, phone = small.gather()
    hand_in(phone, cast, 2)
    small.stop()
    with small.window():
        tables = [table.name for table in db.Base.metadata.sorted_tables]
        before = {name: db.session.scalar(text(f"SELECT count(*) FROM {name}")) for name in tables}
    small.close()

    small.variables["CANVASS_DATABASE_URL"] = address
    empty = small.command("recount")
    assert (empty.returncode, "The database is empty" in empty.stderr) == (1, True)
    said = worked(small.command("carry-over"))
    assert said.startswith(f"{sum(filter(None, before.values()))} rows")
    assert not small.database.exists()
    large = Host(tmp_path / "large", address)
    with large.window():
        assert {name: db.session.scalar(text(f"SELECT count(*) FROM {name}")) for name in tables} == before
    large.close()
    assert worked(small.command("recount", "--check")) == "0 counters differ from the rows."
    refused = small.command("carry-over")
    assert (refused.returncode, refused.stdout) == (1, "")


def test_a_sqlite_start_does_not_begin_anew_on_an_empty_postgresql(address: str, tmp_path: Path) -> None:
    small = Host(tmp_path / "data")
    small.start()
    small.stop()
    small.variables["CANVASS_DATABASE_URL"] = address
    with pytest.raises(Exception, match="carry-over"):
        small.start()
    small.close()


def test_a_dump_is_no_sqlite_database(tmp_path: Path) -> None:
    dump = tmp_path / "canvass.dump"
    dump.write_bytes(b"PGDMP")
    with pytest.raises(backups.Failed, match="is a dump of PostgreSQL"):
        backups.restore(dump, tmp_path / "canvass.db")
