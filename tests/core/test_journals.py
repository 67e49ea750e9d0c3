"""Whether a database and the journal beside it belong together, said before SQLite mixes them."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from canvass.core import journals, sqlite
from canvass.core.sqlite import sqlite3

in_wal = pytest.mark.skipif(not sqlite.WAL_IS_SAFE, reason="this SQLite keeps no WAL")


class Life:
    """A database that is written to as the product does it, and may be left as a kill leaves it."""

    def __init__(self, path: Path, mode: str = "wal") -> None:
        self.path = path
        sqlite.look_over(path, mode)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(f"PRAGMA journal_mode={mode}")
        self.connection.execute("PRAGMA wal_autocheckpoint=0")

    def write(self, *statements: str, commit: bool = True) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        journals.stamp(self.connection)
        for statement in statements:
            self.connection.execute(statement)
        if commit:
            self.connection.execute("COMMIT")

    def add(self, rows: int = 1) -> None:
        """Rows long enough that pages fill up."""
        self.write(*[f"INSERT INTO doors (name, note) VALUES ({random.random()}, '{'x' * 700}')"] * rows)

    def killed(self, folder: Path) -> Path:
        """What a kill at this moment would leave, in a folder of its own."""
        folder.mkdir()
        for path in (self.path, *journals.beside(self.path)):
            shutil.copy(path, folder)
        return folder / self.path.name


@contextmanager
def living(path: Path, mode: str = "wal") -> Iterator[Life]:
    life = Life(path, mode)
    with closing(life.connection):
        life.write("CREATE TABLE doors (name REAL, note TEXT)", "CREATE INDEX by_name ON doors (name)")
        life.add()
        yield life


def content(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT * FROM doors ORDER BY name").fetchall()


def is_taken(database: Path) -> bool:
    try:
        journals.check(database)
    except journals.Stranger:
        return False
    return True


@in_wal
@pytest.mark.parametrize("seed", range(8))
def test_a_killed_databases_own_files_are_taken_and_a_copy_only_when_nothing_differs(tmp_path: Path, seed: int) -> None:
    """Whatever was written, checkpointed and read before, and whenever the copy was made."""
    chance = random.Random(seed)
    copies: list[Path] = []
    with living(tmp_path / "canvass.db") as life, closing(sqlite3.connect(life.path)) as reader:
        for number in range(60):
            what = chance.choice(
                ["add", "add", "add", "delete", "table", "PASSIVE", "TRUNCATE", "read", "leave", "copy"]
            )
            if what == "add":
                life.add(chance.randint(1, 20))
            elif what == "delete":
                life.write(f"DELETE FROM doors WHERE name < {chance.random() / 4}")
            elif what == "table":
                life.write(f"CREATE TABLE t{number} (x)")
            elif what == "copy":
                copies.append(Path(shutil.copy(life.path, tmp_path / f"{number}.db")))
            elif what == "read":
                reader.execute("SELECT * FROM doors").fetchmany(1)
            elif what == "leave":
                reader.rollback()
            else:
                life.connection.execute(f"PRAGMA wal_checkpoint({what})")
        life.add()
        expected = life.connection.execute("SELECT * FROM doors ORDER BY name").fetchall()
        if chance.random() < 0.5:  # killed in a transaction that did not fit in memory
            life.connection.execute("PRAGMA cache_size=5")
            life.write("UPDATE doors SET note = 'y'", "UPDATE doors SET name = name + 1", commit=False)
        left = life.killed(tmp_path / "left")
    taken = []
    for copy in copies:
        mixed = Path(shutil.copytree(left.parent, tmp_path / f"with {copy.name}")) / left.name
        shutil.copy(copy, mixed)
        taken.append(is_taken(mixed))
        assert not taken[-1] or content(mixed) == expected
    assert is_taken(left)
    assert content(left) == expected
    assert not copies or not taken[0]


@in_wal
def test_a_wal_that_was_cut_anywhere_is_taken(tmp_path: Path) -> None:
    with living(tmp_path / "canvass.db") as life:
        for _ in range(5):
            life.add()
        left = life.killed(tmp_path / "left")
    wal = left.with_name("canvass.db-wal")
    whole = wal.read_bytes()
    for length in range(0, len(whole), 515):
        wal.write_bytes(whole[:length])
        assert is_taken(left), length
    stamp = 32 + 24 + 68  # of its first transaction; see https://sqlite.org/walformat.html
    for at in (stamp, *range(0, len(whole), 515)):
        wal.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
        assert is_taken(left), at


@in_wal
def test_a_wal_without_its_database_is_kept(tmp_path: Path) -> None:
    """SQLite would throw it away, with all that is in it."""
    with living(tmp_path / "canvass.db") as life:
        left = life.killed(tmp_path / "left")
    left.unlink()
    assert not is_taken(left)
    left.touch()
    assert not is_taken(left)


@in_wal
def test_a_database_of_an_earlier_version_is_taken_with_its_wal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(journals, "stamp", lambda connection: None)
        with living(tmp_path / "canvass.db") as life:
            unstamped = life.killed(tmp_path / "unstamped")
    assert is_taken(unstamped)
    shutil.copy(unstamped, tmp_path / "copy.db")
    sqlite.look_over(unstamped, "wal")
    with closing(sqlite3.connect(unstamped, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        journals.stamp(connection)
        connection.execute("COMMIT")
        shutil.copy(tmp_path / "copy.db", unstamped)
        assert not is_taken(unstamped)


def test_a_rollback_journal_of_an_earlier_version_is_taken_by_its_own_database_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(journals, "stamp", lambda connection: None)
        with living(tmp_path / "canvass.db", "truncate") as life:
            life.add(40)
            life.connection.execute("PRAGMA cache_size=5")
            life.write("UPDATE doors SET note = 'y'", "UPDATE doors SET note = 'z'", commit=False)
            left = life.killed(tmp_path / "left")
            life.connection.execute("ROLLBACK")
    assert is_taken(left)
    sqlite.look_over(life.path, "truncate")
    shutil.copy(life.path, left)
    assert not is_taken(left)


def test_a_rollback_journal_is_taken_by_its_own_database_alone(tmp_path: Path) -> None:
    """As where SQLite is old, or the folder on a network."""
    with living(tmp_path / "canvass.db", "truncate") as life:
        copy = Path(shutil.copy(life.path, tmp_path / "copy.db"))
        life.add(40)
        before = life.connection.execute("SELECT * FROM doors ORDER BY name").fetchall()
        life.connection.execute("PRAGMA cache_size=5")  # pages; so that the file is overwritten before the commit
        life.write("UPDATE doors SET note = 'y'", "UPDATE doors SET note = 'z'", commit=False)
        left = life.killed(tmp_path / "left")
        life.connection.execute("ROLLBACK")
    mixed = Path(shutil.copytree(left.parent, tmp_path / "mixed")) / left.name
    shutil.copy(copy, mixed)
    assert not is_taken(mixed)
    assert is_taken(left)
    assert content(left) == before


# Where the database is


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`mounted("nfs4")` says that the test's folder is on such a file system."""

    def mount(kind: str) -> None:
        number = f"{os.major(tmp_path.stat().st_dev)}:{os.minor(tmp_path.stat().st_dev)}"
        lines = [
            "22 27 0:999 / /proc rw,relatime - nfs4 proc rw",
            f"27 1 {number} / / rw shared:1 - {kind} server:/ rw",
        ]
        (tmp_path / "mountinfo").write_text("\n".join(lines))
        monkeypatch.setattr(journals, "MOUNTS", tmp_path / "mountinfo")

    return mount


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "virtiofs"])
def test_a_folder_that_other_machines_see_is_known_by_its_kind(mounted: Any, tmp_path: Path, kind: str) -> None:
    mounted(kind)
    assert journals.network(tmp_path / "not" / "yet") == kind


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "tmpfs", "overlay", "zfs", "fuseblk", "fuse.fuse-overlayfs"])
def test_a_disk_of_ones_own_is_no_network(mounted: Any, tmp_path: Path, kind: str) -> None:
    mounted(kind)
    assert journals.network(tmp_path) == ""


def test_nobody_is_asked_where_there_is_no_list_of_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "MOUNTS", tmp_path / "none")
    assert journals.network(tmp_path) == ""
