"""Several serving processes on one database."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from canvass.core import db, settings
from canvass.members import sessions
from tests.cast import gather
from tests.conftest import PATIENCE, engines
from tests.serving.host import Host

MOST = 60  # connections until both processes have one; that one of them gets none is as likely as heads each time


@pytest.fixture
def office(folder: Path, tmp_path: Path, apps: Callable[[str], Flask]) -> Iterator[Host]:
    """Two serving processes on PostgreSQL."""
    if "postgresql" not in engines():
        pytest.skip("there is no PostgreSQL to test with")
    app = apps("postgresql")
    with app.app_context(), db.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE workers"))
        url = db.db.engine.url.set(database="workers").render_as_string(hide_password=False)
    host = Host(folder / tmp_path.name, url)
    host.variables["CANVASS_WORKERS"] = "2"
    with host.window():
        upgrade()
    yield host
    host.close()


@pytest.mark.skipif(sys.platform != "linux", reason="whose a connection is, only Linux tells without a privilege")
def test_two_processes_answer_and_each_sends_live_numbers(office: Host) -> None:
    office.start()
    with office.window():
        cast = gather()
        token = sessions.start(cast.bo)[1]
        path = f"/campaigns/{cast.spring.id}/live"
    with ExitStack() as closing:
        owners: set[str] = set()
        for _ in range(MOST):
            watcher = closing.enter_context(socket.create_connection(("127.0.0.1", office.port), PATIENCE))
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: canvass_session={token}\r\n\r\n"
            watcher.sendall(head.encode())
            answer = b""
            while b"\ndata: " not in answer:
                answer += (piece := watcher.recv(65_536))
                assert piece, answer
            assert answer.startswith(b"HTTP/1.1 200 ")
            owners.add(owner(watcher))
            if len(owners) == 2:
                return
        raise AssertionError(f"one process answered {MOST} times")


def owner(client: socket.socket) -> str:
    """The process that has the other end of a connection."""
    ours, theirs = (
        f"{int.from_bytes(bytes([127, 0, 0, 1]), 'little'):08X}:{address[1]:04X}"
        for address in (client.getsockname(), client.getpeername())
    )
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    inode = next(line[9] for line in lines if line[1:3] == [theirs, ours])
    for files in Path("/proc").glob("[0-9]*/fd"):
        try:
            if f"socket:[{inode}]" in {os.readlink(file) for file in files.iterdir()}:
                return files.parent.name
        except OSError:
            continue  # it has ended, or is not ours
    raise LookupError(inode)


@pytest.mark.parametrize("url", ["", "sqlite:////srv/canvass.db"])
def test_on_sqlite_there_is_one(url: str) -> None:
    with pytest.raises(ValueError, match="CANVASS_WORKERS must be 1 on SQLite"):
        settings.read(WORKERS="2", DATABASE_URL=url)
    assert settings.read(WORKERS="2", DATABASE_URL="postgresql://localhost/canvass")["WORKERS"] == 2


@pytest.mark.parametrize("workers", ["0", "-1", "many"])
def test_that_there_are_none_is_a_sentence(workers: str) -> None:
    with pytest.raises(ValueError, match="CANVASS_WORKERS must be"):
        settings.read(WORKERS=workers)
