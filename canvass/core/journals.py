"""What SQLite keeps beside a database file, and whether it belongs to that file.

A killed server leaves a journal behind, and the next connection replays it into whatever file then has the database's
name. SQLite does not check that it is the same file: an older copy put in its place becomes a mixture of both. So
every writing transaction *stamps* the database: two random numbers in its header, on page 1, identify this transaction
and the one before. The journal has a copy of page 1, and so shows which state of the file it was written for.
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
# File systems that several machines may use at once, or a host and its guests: these cannot share memory.
SHARED = re.compile(r"nfs4?|cifs|smb.*|9p|afs|ceph|glusterfs|lustre|virtiofs|vboxsf|fuse(?!blk|\.fuse-overlay).*")
MOUNTS = Path("/proc/self/mountinfo")  # Linux only; on other systems every file system counts as local


class Stranger(RuntimeError):
    """The database and the journal beside it do not belong together; the message says what to do."""


class Stamp(NamedTuple):
    """The random numbers of the transaction that wrote a page 1 and of the one before it."""

    this: int
    previous: int


UNSTAMPED = Stamp(0, 0)  # written by an earlier version or another program


def stamp(connection: Any) -> None:
    """Stamp the transaction that this connection has begun; before any other write, so that its journal has page 1."""
    previous = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA application_id={previous}")
    connection.execute(f"PRAGMA user_version={secrets.randbelow(2**31 - 1) + 1}")


def beside(database: Path) -> list[Path]:
    """Return the existing files that SQLite treats as parts of this database."""
    return [path for end in BESIDE if (path := database.with_name(database.name + end)).exists()]


def check(database: Path) -> None:
    """Raise Stranger if SQLite would replay a journal into a database that it was not written for.

    Call it only while nobody has the database open: it reads without SQLite's locks, and closing the file drops those
    that this process holds.
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
    """Return the kind of the folder's file system if other machines may use it too, else ""."""
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
    """Return the stamp in page 1; None when the file is too short to have one."""
    return Stamp(*unpack(">i4xi", page[60:72])) if len(page) >= 100 else None


def _wal_belongs(file: BinaryIO, present: Stamp | None) -> bool:
    """Is the database as it was when the WAL began, or after one of its transactions, which may be copied in part?"""
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
    """Yield the stamps in each transaction that SQLite would replay from a WAL (https://sqlite.org/walformat.html)."""
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
            return  # a frame that was half written, or is left from before the WAL was reset
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
    """Is the database as it was before or after the transaction that the journal rolls back?"""
    header = file.read(28)
    if header[:8] != b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7":
        return True  # SQLite would not replay it
    file.seek(unpack(">I", header[20:24])[0])
    number, before = file.read(4), _stamp(file.read(100))
    if before is None:
        return True  # no page has been written to it yet
    return present == UNSTAMPED if number != b"\0\0\0\1" else present is not None and before.this in present


_BELONGS = {"-wal": _wal_belongs, "-journal": _journal_belongs}
