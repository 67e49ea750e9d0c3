"""Real servers, really killed: what was acknowledged is there afterwards, and no two lives of a database are mixed.

CANVASS_TEST_CRASHES=20 python3 app.py test tests/serving/test_crashes.py    kills twenty times over
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask_migrate import upgrade

from canvass.core import backups
from canvass.core.sqlite import WAL_IS_SAFE, sqlite3
from canvass.counting import attempts
from tests.cast import Cast
from tests.counting.phone import Phone
from tests.serving.host import Host
from tests.simulation.client import Silence
from tests.simulation.office import Failed

ROUNDS = int(os.environ.get("CANVASS_TEST_CRASHES", "1"))
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


@pytest.fixture
def host(folder: Path, tmp_path: Path) -> Iterator[Host]:
    found = Host(folder / tmp_path.name)
    yield found
    found.close()
    shutil.rmtree(found.folder)


def hand_in(phone: Phone, cast: Cast, times: int) -> None:
    """Batches of three, here and there, each acknowledged."""
    for number in range(times):
        ground = (None, cast.hageby_north.id, cast.hageby_south.id)[number % 3]
        assert set(phone.verdicts(*(phone.operation(cast, data={"area": ground}) for _ in range(3)))) == {"stored"}


def keep_handing_in(phone: Phone, cast: Cast, acknowledged: list[int], enough: threading.Event) -> None:
    """Batches of three until there is no answer; `enough` is set after ten."""
    try:
        while True:
            hand_in(phone, cast, 1)
            acknowledged.append(3)
            if len(acknowledged) >= 10:
                enough.set()
    except Silence:
        pass


def kill_while_busy(host: Host, phone: Phone, cast: Cast) -> int:
    """Kill the server while the phone hands in; returns how many operations it had acknowledged in that time."""
    acknowledged: list[int] = []
    enough = threading.Event()
    phone.client.client.close()  # type: ignore[attr-defined]
    work = threading.Thread(target=keep_handing_in, args=(phone, cast, acknowledged, enough))
    work.start()
    enough.wait()
    host.crash()
    work.join()
    return sum(acknowledged)


@pytest.mark.skipif(not WAL_IS_SAFE, reason="this SQLite keeps no WAL")
def test_after_a_kill_everything_acknowledged_is_there_and_no_older_copy_is_taken_for_the_database(host: Host) -> None:
    host.start()
    cast, phone = host.gather()
    handed_in = 0
    for number in range(ROUNDS):
        hand_in(phone, cast, 5)
        with host.window():
            backup = backups.take(host.folder / "backups")
        copy = Path(shutil.copy(host.database, host.folder / "copy.db"))
        hand_in(phone, cast, 15 + 10 * number)
        with closing(sqlite3.connect(host.database)) as connection:  # as the server does by itself after a while
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        handed_in += 60 + 30 * number + kill_while_busy(host, phone, cast)
        left = host.database.read_bytes(), host.wal.read_bytes()

        shutil.copy(backup, host.database)
        refused = host.command("recount")
        assert (refused.returncode, refused.stderr[:53]) == (1, "canvass.db and canvass.db-wal do not belong together:")
        shutil.copy(copy, host.database)
        with pytest.raises(Failed, match=r"canvass\.db and canvass\.db-wal do not belong together"):
            host.start()
        assert (host.database.read_bytes(), host.wal.read_bytes()) == (copy.read_bytes(), left[1])

        host.database.write_bytes(left[0])  # as it was when the server was killed
        host.start()
        with host.window():
            assert handed_in <= host.receipts() <= handed_in + 3 * (number + 1)
            assert attempts.drift() == {}
    host.stop()
    assert not host.wal.exists()
    with closing(sqlite3.connect(host.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_nothing_is_restored_under_a_running_server_and_a_killed_one_leaves_nobody_who_serves_on(host: Host) -> None:
    host.start()
    mode = "wal" if WAL_IS_SAFE else "truncate"
    assert host.said_next() == f"Database: SQLite {sqlite3.sqlite_version}, journal_mode={mode}"
    with urllib.request.urlopen(f"{host.origin}/readyz") as answer:
        said = json.load(answer)
    assert said == {"status": "ok", "engine": "SQLite", "version": sqlite3.sqlite_version, "journal_mode": mode}

    cast, phone = host.gather()
    hand_in(phone, cast, 3)
    with host.window():
        copy = backups.take(host.folder / "backups")
    refused = host.command("restore", str(copy))  # the server has been idle since
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "stop the server" in refused.stderr
    hand_in(phone, cast, 3)
    with host.window():
        assert host.receipts() == 18

    host.kill_main_process()
    with pytest.raises(Silence):
        phone.send(phone.operation(cast))
    backups.restore(copy, host.database)
    host.start()
    hand_in(phone, cast, 1)
    with host.window():
        assert host.receipts() == 12


def test_where_no_current_sqlite_installs_the_standard_librarys_is_used(host: Host, tmp_path: Path) -> None:
    """And a database that was in WAL comes along."""
    standard = subprocess.run(
        [sys.executable, "-c", "import sqlite3; print(sqlite3.sqlite_version)"], capture_output=True, text=True
    ).stdout.strip()
    (tmp_path / "pysqlite3.py").write_text("raise ImportError")
    host.variables["PYTHONPATH"] = os.pathsep.join([str(tmp_path), host.environment()["PYTHONPATH"]])
    with host.window():
        upgrade()
    host.start()
    mode = "wal" if tuple(map(int, standard.split("."))) >= (3, 51, 3) else "truncate"
    assert host.said_next() == f"Database: SQLite {standard}, journal_mode={mode}"
    cast, phone = host.gather()
    hand_in(phone, cast, 1)


# In every process: says which of these modules it has, once the interpreter is being taken apart.
TELL = """
import atexit, sys

def tell():
    with open({log!r}, "a") as file:
        print(*{{"canvass.serving.server", "canvass.serving.asgi"}} & set(sys.modules), file=file)

atexit.register(tell)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_the_serving_process_ends_without_taking_the_interpreter_apart(host: Host, tmp_path: Path) -> None:
    """While it does, threads of Rust ask for it, and until Python 3.14 that aborts the process."""
    log = tmp_path / "taken_apart"
    (tmp_path / "sitecustomize.py").write_text(TELL.format(log=str(log)))
    host.variables["PYTHONPATH"] = os.pathsep.join([str(tmp_path), host.environment()["PYTHONPATH"]])
    host.start()
    host.stop()
    assert set(log.read_text().split()) == {"canvass.serving.server"}  # the main process has no such threads
    assert host.log.read_text("utf-8") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only there another process's limits can be changed")
def test_on_a_disk_that_takes_no_more_reading_goes_on_and_phones_are_asked_to_wait(host: Host) -> None:
    import resource

    host.start()
    cast, phone = host.gather()
    hand_in(phone, cast, 1)
    assert host._process
    main = host._process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for child in map(int, children):
        resource.prlimit(child, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    operation = phone.operation(cast)
    with urllib.request.urlopen(f"{host.origin}/sign-in") as answer:
        assert answer.status == 200
    refused = phone.send(operation)
    assert refused.status_code == 503
    for child in map(int, children):
        resource.prlimit(child, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert phone.verdicts(operation) == ["stored"]
