"""A lock file beside the database: shared by every process that has it open, exclusive for replacing it.

The operating system releases it when a process ends, however that ends. SQLite's own locks do not show a process that
has the database open but is idle.
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
    """This process's hold on a database's lock, for all its threads."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.lock")
        self._file: int | None = None
        self._mutex = threading.Lock()

    def share(self, first: Callable[[], object]) -> None:
        """Take a shared lock, to be held until `release`; wait for an exclusive one to end. Does nothing when held.

        When nobody else holds the lock, `first` is called under an exclusive lock; if it raises, the lock is released.
        """
        with self._mutex:
            if self._file is not None:
                return
            file = self._open()
            try:
                # After waiting for an exclusive holder try again: its `first` may have failed, and it is gone.
                if _take_alone(file) or (_take_share(file) and _take_alone(file)):
                    first()
                _take_share(file)
            except BaseException:
                os.close(file)
                raise
            self._file = file

    def release(self) -> None:
        """Release the shared lock; does nothing when it is not held."""
        with self._mutex:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock exclusively inside the block. Raises Taken at once if anybody holds it."""
        file = self._open()
        try:
            if not _take_alone(file):
                raise Taken
            yield
        finally:
            os.close(file)

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)


if sys.platform == "win32":
    import msvcrt

    # Python has no shared locks on Windows: a shared lock locks one byte of the file, an exclusive one locks all.
    SEATS = 64

    def _take_alone(file: int) -> bool:
        return _seize(file, 0, SEATS)

    def _take_share(file: int) -> bool:
        os.lseek(file, 0, os.SEEK_SET)
        with suppress(OSError):  # when no exclusive lock was held
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
        """Take the exclusive lock if it is free; return whether it was."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _take_share(file: int) -> bool:
        """Take a shared lock, instead of an exclusive one if held; wait while another process has an exclusive one."""
        fcntl.flock(file, fcntl.LOCK_SH)
        return True
