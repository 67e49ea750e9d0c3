"""What SQLite keeps beside a database file, and whether it belongs to that file.

A killed server leaves a journal behind, and the next connection plays it into whatever file then bears the name of
the database. SQLite does not ask whether it is the same file: an older copy put in its place becomes a mixture of
both. So every writing transaction *stamps* the database: two numbers in its header, on page 1, say which transaction
this was and which one came before. A journal holds page 1 too, and so tells where the file must stand for it.
"""

from __future__ import annotations

import os
import re
import secrets
from array import array
from collections.abc import Iterator
from pathlib import Path
from struct import unpack
from sys import byteorder
from typing import Any, BinaryIO, NamedTuple

BESIDE = ("-wal", "-shm", "-journal")
# Kinds of file systems that several machines see, or a machine and its guests: no memory is shared between those.
SHARED = re.compile(r"nfs4?|cifs|smb.*|9p|afs|ceph|glusterfs|lustre|virtiofs|vboxsf|fuse(?!blk|\.fuse-overlay).*")
MOUNTS = Path("/proc/self/mountinfo")  # Linux; elsewhere nobody is asked


class Stranger(RuntimeError):
    """The database and the journal beside it do not belong together; the message says what to do."""


class Stamp(NamedTuple):
    """Which transaction a page 1 is from, and which one came before: random numbers."""

    this: int
    previous: int


UNSTAMPED = Stamp(0, 0)  # by an earlier version, or by somebody else's program


def stamp(connection: Any) -> None:
    """Mark the transaction that this sqlite3 connection has begun: first of all, so that its journal has page 1."""
    previous = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA application_id={previous}")
    connection.execute(f"PRAGMA user_version={secrets.randbelow(2**31 - 1) + 1}")


def beside(database: Path) -> list[Path]:
    """The files there are that SQLite takes for parts of this database."""
    return [path for end in BESIDE if (path := database.with_name(database.name + end)).exists()]


def check(database: Path) -> None:
    """Raise Stranger if SQLite would play a journal into a database that it was not written for.

    Only while nobody has the database open: this reads without SQLite's locks, and closing the file drops those.
    """
    present = _stamp(_beginning(database))
    for path in beside(database):
        if belongs := _BELONGS.get(path.name.removeprefix(database.name)):
            with path.open("rb") as file:
                if not belongs(file, present):
                    raise Stranger(
                        f"{database.name} and {path.name} do not belong together: another copy has been put in the "
                        "database's place, or it has been taken away. Nothing has been changed. To go back to a "
                        f"backup: python3 app.py restore FILE. To start with {database.name} as it is: first move "
                        f"{path.name} out of {database.parent}; what was saved last is in that file alone."
                    )


def network(folder: Path) -> str:
    """The kind of the folder's file system if other machines may see it too, else an empty text."""
    try:
        device = next(place for place in (folder, *folder.parents) if place.exists()).stat().st_dev
        mounts = MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    kinds = [line.partition(" - ")[2].split()[0] for line in mounts if line.split()[2] == number]
    return next(filter(SHARED.fullmatch, kinds), "")


def _beginning(database: Path) -> bytes:
    try:
        with database.open("rb") as file:
            return file.read(100)
    except FileNotFoundError:
        return b""


def _stamp(page: bytes) -> Stamp | None:
    """What page 1 says; None when there is no page."""
    return Stamp(*unpack(">i4xi", page[60:72])) if len(page) >= 100 else None


def _wal_belongs(file: BinaryIO, present: Stamp | None) -> bool:
    """The file stands where the WAL began, or at one of its transactions, some of whose pages it has been given."""
    known: set[int] = set()
    is_played = False
    for stamps in _transactions(file):
        is_played = True
        for found in stamps:
            known |= {found.this} if known else set(found)
        if present and present.this in known:
            return True
    return not is_played or (not known and present == UNSTAMPED)


def _transactions(file: BinaryIO) -> Iterator[list[Stamp]]:
    """Of each transaction that SQLite would play from a WAL, the stamps in it (https://sqlite.org/walformat.html)."""
    header = file.read(32)
    if len(header) < 32 or header[:3] != b"\x37\x7f\x06":
        return
    swap = (header[3] & 1 == 1) != (byteorder == "big")
    size = unpack(">I", header[8:12])[0]
    sums = _checksum(header[:24], swap, (0, 0))
    if sums != unpack(">2I", header[24:]):
        return
    stamps: list[Stamp] = []
    while len(frame := file.read(24 + size)) == 24 + size and frame[8:16] == header[16:24]:
        sums = _checksum(frame[24:], swap, _checksum(frame[:8], swap, sums))
        if sums != unpack(">2I", frame[16:24]):
            return  # it was being written, or is left from an earlier round
        number, is_last = unpack(">2I", frame[:8])
        if number == 1 and (found := _stamp(frame[24:])):
            stamps.append(found)
        if is_last:
            yield stamps
            stamps = []


def _checksum(content: bytes, swap: bool, sums: tuple[int, int]) -> tuple[int, int]:
    words = array("I", content)
    if swap:
        words.byteswap()
    first, second = sums
    pairs = iter(words)
    for one, other in zip(pairs, pairs, strict=True):
        first = first + one + second & 0xFFFFFFFF
        second = second + other + first & 0xFFFFFFFF
    return first, second


def _journal_belongs(file: BinaryIO, present: Stamp | None) -> bool:
    """The file stands where it did before the transaction that the journal undoes, or at that one."""
    header = file.read(28)
    if header[:8] != b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7":
        return True  # SQLite plays nothing
    file.seek(unpack(">I", header[20:24])[0])
    number, before = file.read(4), _stamp(file.read(100))
    if before is None:
        return True  # it was only begun
    return present == UNSTAMPED if number != b"\0\0\0\1" else present is not None and before.this in present


_BELONGS = {"-wal": _wal_belongs, "-journal": _journal_belongs}
