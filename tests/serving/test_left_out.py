"""What the tests need from the machine: installed where that is allowed, else named in one sentence, and left out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import app as start
from tests import chromium, postgres

LACKS = "error while loading shared libraries: libatomic.so.1: cannot open shared object file"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is about Linux, where much may be missing")


class Machine:
    """A machine of shell scripts: what is on its path, and who is asking."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        monkeypatch.setenv("PATH", str(folder))
        for variable in ("CANVASS_TEST_CHROMIUM", "PLAYWRIGHT_BROWSERS_PATH"):
            monkeypatch.setenv(variable, str(folder / "nothing"))
        # `python -m playwright` does what its node does.
        python = self.add("python", f'[ -e "$0.works" ] || {{ echo "node: {LACKS}"; exit 127; }}')
        monkeypatch.setattr(sys, "executable", str(python))
        self.is_root(False)

    def add(self, name: str, script: str = "") -> Path:
        """A program that does this."""
        program = self.folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    def is_root(self, yes: bool) -> None:
        """Whether root is asking."""
        self._monkeypatch.setattr(os, "geteuid", lambda: 0 if yes else 1000)

    @property
    def asked(self) -> list[str]:
        """What apt-get has been asked for."""
        log = self.folder / "asked"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A bare one, with an apt-get that knows its packages once it has been updated."""
    found = Machine(tmp_path, monkeypatch)
    found.add(
        "apt-get",
        f"""cd {tmp_path}; echo "$*" >> asked
        case "$*" in
          update) : > updated ;;
          *libatomic1) [ -e updated ] && : > python.works ;;
          *chromium-headless-shell) [ -e updated ] && printf '#!/bin/sh\\n' > chromium-headless-shell \\
            && /bin/chmod +x chromium-headless-shell ;;
        esac""",
    )
    return found


def test_root_gets_a_chromium_and_what_its_driver_lacks(machine: Machine) -> None:
    machine.is_root(True)
    assert chromium.obtain() == str(machine.folder / "chromium-headless-shell")
    get = "install --yes --no-install-recommends"
    assert machine.asked == [f"{get} libatomic1", "update", f"{get} libatomic1", f"{get} chromium-headless-shell"]


def test_who_may_not_install_is_told_what_root_should_run(machine: Machine) -> None:
    with pytest.raises(LookupError) as told:
        chromium.obtain()
    sentence, *details = str(told.value).splitlines()
    assert sentence == "Run as root: apt-get update && apt-get install --yes libatomic1 chromium-headless-shell"
    assert LACKS in details[0]
    assert machine.asked == []


def test_only_what_is_missing_is_asked_for(machine: Machine) -> None:
    machine.add("chromium")
    with pytest.raises(LookupError, match="--yes libatomic1\n"):
        chromium.obtain()
    machine.add("python.works")
    assert chromium.obtain() == str(machine.folder / "chromium")


def test_a_chromium_that_does_not_start_is_none(machine: Machine) -> None:
    machine.add("python.works")
    machine.add("chromium", "exit 127")
    with pytest.raises(LookupError, match="--yes chromium-headless-shell\n"):
        chromium.obtain()
    working = machine.add("google-chrome")
    assert chromium.obtain() == str(working)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`run(chromium=…, postgres=…)` is the exit code of tests that all pass, on a machine that gives or lacks these."""

    def told(reason: Exception | SystemExit | None) -> Callable[..., str]:
        def find(*_: object) -> str:
            if reason:
                raise reason
            return "found"

        return find

    def passing(*, chromium_: LookupError | None = None, postgres_: SystemExit | None = None) -> int:
        monkeypatch.setattr(start, "get_ready", lambda *_: None)
        monkeypatch.setattr(pytest, "main", lambda _arguments: 0)
        monkeypatch.setattr(chromium, "obtain", told(chromium_))
        monkeypatch.setattr(postgres, "find", told(postgres_))
        for variable in ("CANVASS_TEST_CHROMIUM", "CANVASS_TEST_POSTGRES_BIN"):
            monkeypatch.setenv(variable, "")  # and so put back afterwards
        return start.test([])

    return passing


def test_with_everything_there_nothing_is_said(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("ci", ["", "true"])
@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"chromium_": LookupError("Run as root: …")}, "NOTE: Nothing was tried in a browser. Run as root: …"),
        (
            {"postgres_": SystemExit("The network …")},
            "NOTE: Nothing was tried on PostgreSQL, for none could be had. The network …",
        ),
    ],
    ids=["no browser", "no PostgreSQL"],
)
def test_what_was_left_out_is_said_last_and_fails_in_ci(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lacking: dict[str, LookupError | SystemExit],
    said: str,
    ci: str,
) -> None:
    monkeypatch.setenv("CI", ci)
    assert run(**lacking) == (1 if ci else 0)
    assert capsys.readouterr().err.splitlines()[-1] == said
