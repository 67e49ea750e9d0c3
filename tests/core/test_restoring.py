"""Putting a backup back: whatever happens on the way, there is a database, and nobody takes an empty one for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from canvass.cli import starting
from canvass.core import backups, db, journals, settings, sqlite, state
from canvass.core.sqlite import sqlite3
from tests.cast import gather
from tests.conftest import disposing
from tests.core.test_backups import Server, killed, phone_of
from tests.core.test_backups import server as server

AS_ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
# Restores in a copy of the folder, again and again, each time killed at a later step that changes a name or opens a
# file there; prints each copy. Forked, since importing takes longer than the restore.
KILLED_AT_EACH_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from canvass.core import backups, schemas
schemas.head()
origin, backup = Path(sys.argv[1]), Path(sys.argv[2])
steps, number = {"open", "os.link", "os.rename", "os.remove", "os.chmod", "sqlite3.connect"}, 0
while True:
    number += 1
    copy = Path(f"{origin}-{number}")
    shutil.copytree(origin, copy)
    child = os.fork()
    if not child:
        left = number

        def count(event, arguments):
            global left
            if event in steps and str(copy) in str(arguments[0]):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        backups.restore(backup, copy / "canvass.db")
        os._exit(0)
    print(copy, flush=True)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


def attempts_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM operations").fetchone()[0])


@pytest.fixture
def left_by_a_kill(server: Server, tmp_path: Path) -> tuple[Path, Path]:
    """A database with three operations, as a kill leaves it, and a backup with one."""
    app = server.start()
    cast = gather()
    phone = phone_of(app, cast)
    phone.verdicts(phone.operation(cast))
    backup = backups.take(server.data / "backups")
    db.session.commit()
    phone.verdicts(phone.operation(cast), phone.operation(cast))
    folder = tmp_path / "left"
    folder.mkdir()
    database = killed(server, folder)
    database.with_name("canvass.db-shm").unlink(missing_ok=True)
    server.stop()
    return database, backup


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has neither fork nor SIGKILL")
def test_killed_at_any_step_there_is_the_old_database_or_the_new_one(left_by_a_kill: tuple[Path, Path]) -> None:
    database, backup = left_by_a_kill
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(settings.ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", textwrap.dedent(KILLED_AT_EACH_STEP), str(database.parent), str(backup)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = []
    for folder in map(Path, done.stdout.split()):
        path = folder / "canvass.db"
        assert path.stat().st_size > 0
        try:
            journals.check(path)
        except journals.Stranger:  # a start says so, and the same command goes on
            found.append(0)
            backups.restore(backup, path)
            assert attempts_in(path) == 1
        else:
            found.append(attempts_in(path))
    assert len(found) > 5
    assert set(found) <= {3, 0, 1}
    assert found == sorted(found, key=[3, 0, 1].index)  # first the old one, whole; at the end the new one
    assert (found[0], found[-1]) == (3, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_full_disk_changes_nothing_and_is_a_sentence(server: Server, command: str) -> None:
    import resource

    app = server.start()
    gather()
    backup = backups.take(server.data / "backups")
    db.session.commit()
    del app
    server.stop()
    files = sorted(server.data.rglob("*.db"))

    def fill_the_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    code = "import sys; from canvass import cli; sys.exit(cli.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, command, *([str(backup)] if command == "restore" else [])],
        env=os.environ | {"CANVASS_DATA": str(server.data), "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=settings.ROOT,
        preexec_fn=fill_the_disk,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(server.data.rglob("*.db")) == files
    backups.check(server.database)
    assert not list(server.data.rglob("*.new*"))


def test_an_empty_file_among_the_backups_pushes_none_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    monkeypatch.setattr(backups, "KEPT", 2)
    first = backups.take(server.data / "backups")
    for number in (1, 2):
        first.with_name(f"canvass-20270101T00000{number}.db").touch()
    assert backups.newest(first.parent) == first
    second = first.rename(first.with_name("canvass-20250101T000000000000.db"))
    backups.take(server.data / "backups")
    assert second.exists()


@pytest.mark.parametrize("what", ["nothing", "another product", "tables alone"])
def test_what_is_no_backup_of_ours_is_not_put_back(server: Server, what: str, tmp_path: Path) -> None:
    server.start()
    gather()
    db.session.commit()
    server.stop()
    other = tmp_path / "other.db"
    if what == "tables alone":
        shutil.copy(server.database, other)
    with closing(sqlite3.connect(other)) as connection:
        if what == "another product":
            connection.executescript("CREATE TABLE operations (id); CREATE TABLE alembic_version (version_num);")
        elif what == "tables alone":
            connection.execute("DELETE FROM server_facts")
            connection.commit()
        else:
            connection.executescript("CREATE TABLE t (x); DROP TABLE t;")
    before = server.database.read_bytes()
    with pytest.raises(backups.Failed, match=r"other\.db"):
        backups.restore(other, server.database)
    assert server.database.read_bytes() == before


@AS_ROOT
@pytest.mark.parametrize("is_there", [True, False])
def test_root_leaves_the_database_to_its_owner(server: Server, *, is_there: bool) -> None:
    server.start()
    copy = backups.take(server.data / "backups")
    db.session.commit()
    server.stop()
    os.chown(server.data, 1234, 1234)
    os.chown(server.database, 1234, 1234)
    server.database.chmod(0o640)
    if not is_there:
        server.database.unlink()
    backups.restore(copy, server.database)
    found = server.database.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1234, 1234, 0o640 if is_there else 0o600)


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_no_start_is_empty_where_a_database_was(server: Server, how: str) -> None:
    app = server.start()
    newest = backups.take(server.data / "backups")
    db.session.commit()
    server.stop()
    server.database.unlink()
    if how == "empty":
        server.database.touch()
    with app.app_context(), disposing(app), pytest.raises(starting.Unusable, match="there has been one") as refused:
        starting.bring_up_to_date(app)
    assert str(newest) in str(refused.value)
    assert server.database.exists() == (how == "empty")
    assert how == "missing" or not server.database.stat().st_size
    shutil.rmtree(newest.parent)
    with app.app_context(), disposing(app), pytest.raises(starting.Unusable, match=state.MARK):
        starting.bring_up_to_date(app)


def test_a_mark_that_cannot_be_written_leaves_what_was_committed(server: Server) -> None:
    app = server.start()
    cast = gather()
    phone = phone_of(app, cast)
    (server.data / state.MARK).unlink()
    (server.data / state.MARK).mkdir()  # nobody can write to it, root neither
    assert phone.verdicts(phone.operation(cast)) == ["stored"]


def test_the_files_are_their_owners_alone(server: Server) -> None:
    shutil.rmtree(server.data, ignore_errors=True)
    app = server.start()
    phone = phone_of(app, gather())
    phone.send()
    backups.take(server.data / "backups")
    db.session.commit()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (server.data, *server.data.rglob("*"))}
    folders = {server.data.name, "backups"}
    assert {name: oct(mode) for name, mode in modes.items() if mode != (0o700 if name in folders else 0o600)} == {}
    assert len(modes) > 5 or not sqlite.WAL_IS_SAFE
