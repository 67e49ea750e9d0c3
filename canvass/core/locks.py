"""Who has the database open: many processes may share its lock, and whoever must be alone with the file asks for that.

The system lets go of the lock when a process ends, however that ends. SQLite's own locks say nothing of who is idle.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Taken(RuntimeError):
    """Somebody has the database open."""


class Lock:
    """One part in a database's lock, for all threads of this process."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.lock")
        self._file: int | None = None
        self._mutex = threading.Lock()

    def share(self, first: Callable[[], object]) -> None:
        """Have it beside others until `release`, once nobody is alone with it. Nothing happens if we have it.

        Whoever finds nobody there does `first` before others are let in, and gets no share if that raises.
        """
        with self._mutex:
            if self._file is not None:
                return
            file = self._open()
            try:
                # Who waited for somebody that was alone looks again: they may have found something amiss, and left.
                if _take_alone(file) or (_take_share(file) and _take_alone(file)):
                    first()
                _take_share(file)
            except BaseException:
                os.close(file)
                raise
            self._file = file

    def release(self) -> None:
        """Let go of it."""
        with self._mutex:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody shares it inside the block. Raises Taken at once if somebody does."""
        file = self._open()
        try:
            if not _take_alone(file):
                raise Taken
            yield
        finally:
            os.close(file)

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)


if sys.platform == "win32":
    import msvcrt

    # Python has no shared locks on Windows. Whoever shares has one of the file's bytes; whoever is alone has them all.
    SEATS = 64

    def _take_alone(file: int) -> bool:
        return _seize(file, 0, SEATS)

    def _take_share(file: int) -> bool:
        os.lseek(file, 0, os.SEEK_SET)
        with suppress(OSError):  # if we were not alone
            msvcrt.locking(file, msvcrt.LK_UNLCK, SEATS)
        while not any(_seize(file, seat, 1) for seat in range(SEATS)):
            time.sleep(0.1)  # seconds
        return True

    def _seize(file: int, seat: int, count: int) -> bool:
        os.lseek(file, seat, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, count)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take_alone(file: int) -> bool:
        """All of it or, at once, nothing."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _take_share(file: int) -> bool:
        """A part of it instead of what we had, as soon as nobody is alone with it."""
        fcntl.flock(file, fcntl.LOCK_SH)
        return True
