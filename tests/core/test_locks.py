"""Many may have a database open; who must be alone with it is told at once when somebody has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from canvass.core import locks
from canvass.core.settings import ROOT

SHARING = """
import sys
from pathlib import Path
from canvass.core import locks
locks.Lock(Path(sys.argv[1])).share(lambda: print("first", flush=True))
print("shared", flush=True)
sys.stdin.read()
"""


def nothing() -> None:
    """What the first one has to do here."""


def other(database: Path) -> subprocess.Popen[str]:
    """Another process that shares the database's lock until it is killed."""
    command = [sys.executable, "-c", SHARING, str(database)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_many_share_and_only_the_first_looks_the_database_over(tmp_path: Path) -> None:
    seen: list[str] = []
    first, second = locks.Lock(tmp_path / "canvass.db"), locks.Lock(tmp_path / "canvass.db")
    first.share(lambda: seen.append("first"))
    first.share(lambda: seen.append("again"))
    second.share(lambda: seen.append("second"))
    assert seen == ["first"]
    for lock in (first, second):
        with pytest.raises(locks.Taken), locks.Lock(tmp_path / "canvass.db").alone():
            pass
        lock.release()
    with locks.Lock(tmp_path / "canvass.db").alone():
        pass


def test_whoever_finds_something_amiss_gets_no_share(tmp_path: Path) -> None:
    lock = locks.Lock(tmp_path / "canvass.db")
    with pytest.raises(ZeroDivisionError):
        lock.share(lambda: 1 / 0)
    with locks.Lock(tmp_path / "canvass.db").alone():
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there a share is waited for by asking again")
def test_a_killed_process_has_nothing_any_more(tmp_path: Path) -> None:
    with other(tmp_path / "canvass.db") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        assert process.stdout.readline() == "shared\n"
        with pytest.raises(locks.Taken), locks.Lock(tmp_path / "canvass.db").alone():
            pass
        process.kill()
        process.wait()
        with locks.Lock(tmp_path / "canvass.db").alone():
            pass


def test_who_wants_a_share_waits_for_whoever_is_alone(tmp_path: Path) -> None:
    with locks.Lock(tmp_path / "canvass.db").alone():
        process = other(tmp_path / "canvass.db")
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        process.kill()
