"""Real servers, really killed: what was acknowledged is there afterwards, and no two lives of a database are mixed.

CANVASS_TEST_CRASHES=20 python3 app.py test tests/serving/test_crashes.py    kills twenty times over
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from canvass.core import backups
from canvass.core.settings import ROOT
from canvass.core.sqlite import WAL_IS_SAFE, sqlite3
from canvass.counting import attempts
from tests.cast import Cast
from tests.counting.test_sync import Phone
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
    """Batches of three until there is no answer; `enough` is set after twenty."""
    try:
        while True:
            hand_in(phone, cast, 1)
            acknowledged.append(3)
            if len(acknowledged) >= 20:
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


def is_whole(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.skipif(not WAL_IS_SAFE, reason="this SQLite keeps no WAL")
def test_what_was_acknowledged_is_there_after_a_kill(host: Host) -> None:
    host.start()
    cast, phone = host.gather()
    acknowledged = 0
    for _ in range(ROUNDS):
        acknowledged += kill_while_busy(host, phone, cast)
        assert host.wal.stat().st_size  # what was saved last is in it, and played by the next start
        host.start()
        with host.window():
            assert acknowledged <= host.receipts() <= acknowledged + 3 * ROUNDS
            assert attempts.drift() == {}
    host.stop()
    assert not host.wal.exists()
    assert is_whole(host.database)


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.skipif(not WAL_IS_SAFE, reason="this SQLite keeps no WAL")
def test_an_older_copy_put_over_a_killed_servers_database_is_refused(host: Host, by_hand: bool) -> None:
    host.start()
    cast, phone = host.gather()
    for number in range(ROUNDS):
        hand_in(phone, cast, 10)
        if by_hand:
            copy = host.folder / "copy.db"
            shutil.copy(host.database, copy)
        else:
            with host.window():
                copy = backups.take(host.folder / "backups")
        hand_in(phone, cast, 60 + 5 * number)
        kill_while_busy(host, phone, cast)
        left = host.database.read_bytes(), host.wal.read_bytes()

        shutil.copy(copy, host.database)
        with pytest.raises(Failed, match=r"canvass\.db and canvass\.db-wal do not belong together"):
            host.start()
        refused = host.command("recount")
        assert (refused.returncode, refused.stderr[:45]) == (1, "canvass.db and canvass.db-wal do not belong t")
        assert (host.database.read_bytes(), host.wal.read_bytes()) == (copy.read_bytes(), left[1])

        host.database.write_bytes(left[0])  # as it was when the server was killed
        host.log.unlink()
        host.start()
        with host.window():
            assert attempts.drift() == {}
    host.stop()
    assert is_whole(host.database)


def test_what_is_refused_can_be_restored_or_started_without_its_journal(host: Host) -> None:
    host.start()
    cast, phone = host.gather()
    hand_in(phone, cast, 10)
    copy = Path(host.command("backup").stdout.strip())
    hand_in(phone, cast, 60)
    host.crash()
    if not host.wal.exists():
        return  # an old SQLite finished its journal with the last operation
    shutil.copy(copy, host.database)
    both = shutil.copytree(host.folder, host.folder / "both")

    done = host.command("restore", str(copy))
    assert (done.returncode, host.wal.exists()) == (0, False), done.stderr
    assert len(list(host.folder.glob("canvass.db.before-*-wal"))) == 1
    host.start()
    with host.window():
        assert host.receipts() == 30
    host.stop()

    other = both / "canvass.db"
    other.with_name("canvass.db-wal").unlink()
    assert is_whole(other)


def test_nothing_is_restored_while_a_server_runs_idle_or_not(host: Host) -> None:
    host.start()
    cast, phone = host.gather()
    hand_in(phone, cast, 3)
    copy = host.command("backup").stdout.strip()
    done = host.command("restore", copy)
    assert (done.returncode, done.stdout) == (1, "")
    assert "stop the server" in done.stderr
    hand_in(phone, cast, 3)
    with host.window():
        assert host.receipts() == 18
    assert not list(host.folder.glob("*.before-*"))
    host.stop()
    assert host.command("restore", copy).returncode == 0
    host.start()
    with host.window():
        assert host.receipts() == 9


def test_a_killed_main_process_leaves_nobody_who_serves_on(host: Host) -> None:
    host.start()
    cast, phone = host.gather()
    hand_in(phone, cast, 3)
    phone.client.client.close()  # type: ignore[attr-defined]
    host.kill_main_process()
    with pytest.raises(Silence):
        phone.send(phone.operation(cast))
    host.start()
    hand_in(phone, cast, 1)
    with host.window():
        assert host.receipts() == 12


def test_the_start_and_readyz_say_which_database_it_is(host: Host) -> None:
    host.start()
    mode = "wal" if WAL_IS_SAFE else "truncate"
    assert host.said_next() == f"Databas: SQLite {sqlite3.sqlite_version}, journal_mode={mode}"
    with urllib.request.urlopen(f"{host.origin}/readyz") as answer:
        said = json.load(answer)
    assert said == {"status": "ok", "engine": "SQLite", "version": sqlite3.sqlite_version, "journal_mode": mode}


def test_without_a_current_sqlite_the_standard_librarys_is_used(folder: Path, tmp_path: Path) -> None:
    """And a database that was in WAL comes along."""
    import sqlite3 as standard  # noqa: TID251  only its number is wanted

    (tmp_path / "pysqlite3.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    host = Host(folder / tmp_path.name)
    try:
        host.start()
        cast, phone = host.gather()
        host.crash()
        host.variables["PYTHONPATH"] = path
        host.start()
        mode = "wal" if standard.sqlite_version_info >= (3, 51, 3) else "truncate"
        assert host.said_next() == f"Databas: SQLite {standard.sqlite_version}, journal_mode={mode}"
        hand_in(phone, cast, 3)
    finally:
        host.close()
        shutil.rmtree(host.folder)
