"""Starting: one command on a bare machine, and a plain sentence when it cannot."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import tomllib
import urllib.request
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import app as start
from requirements import layers
from tests.conftest import PATIENCE

LAYERS = ("run", "postgres", "test", "postgres-server")
RIVALS = "rivals"  # never on one path with a layer


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the one who runs the tests has set for a real server."""
    for name in [name for name in os.environ if name.startswith("CANVASS_") and "_TEST_" not in name]:
        monkeypatch.delenv(name)


# The command line


def test_no_words_at_all_means_serve() -> None:
    order = start.read([])
    assert (order.command, order.host, order.port) == ("serve", "127.0.0.1", 8000)
    assert order.data == layers.ROOT / "instance"


@pytest.mark.parametrize(
    "line",
    [
        "--port 8001 --data d recount --check -v",
        "recount --port=8001 --check --data d -v",
        "recount --check -v --data=d --port 8001",
    ],
)
def test_port_and_data_may_stand_anywhere(line: str) -> None:
    order = start.read(line.split())
    assert (order.command, order.rest) == ("recount", ["--check", "-v"])
    assert (order.port, order.data) == (8001, Path("d").absolute())


def test_settings_count_when_the_command_line_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CANVASS_PORT", "8123")
    monkeypatch.setenv("CANVASS_HOST", "0.0.0.0")
    monkeypatch.setenv("CANVASS_DATA", str(tmp_path))
    order = start.read([])
    assert (order.host, order.port, order.data) == ("0.0.0.0", 8123, tmp_path)
    assert start.read(["--port", "8124"]).port == 8124


def test_the_demo_keeps_away_from_the_real_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert start.read(["demo"]).data == layers.ROOT / "instance" / "demo"
    monkeypatch.setenv("CANVASS_DATA", str(tmp_path))
    assert start.read(["demo"]).data == tmp_path / "demo"
    assert start.read(["demo", "--data", "mine"]).data == Path("mine").absolute()


def test_the_tests_get_their_own_options() -> None:
    assert start.read(["test", "-k", "sync", "--maxfail=1"]).rest == ["-k", "sync", "--maxfail=1"]


@pytest.mark.parametrize("line", ["--prot 8001", "serve now", "demo x", "--port eight", "--port 70000"])
def test_what_is_not_understood_is_said(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        start.read(line.split())
    assert stop.value.code == 2
    assert line.split()[-1] in capsys.readouterr().err or "--prot" in line


def test_help_names_every_way_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["--help"]) == 0
    said = capsys.readouterr().out
    for word in ("app.py demo", "app.py test", "app.py bench", "app.py COMMAND", "--port", "--host", "--data"):
        assert word in said


def test_a_busy_port_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"Port {port} is taken.*--port {port + 1}"):
            start.claim("127.0.0.1", port)
    assert start.claim("127.0.0.1", port) == port


def test_a_busy_port_stops_before_anything_is_installed_or_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, start.__file__, "--port", str(other.getsockname()[1]), "--data", "data"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "is taken" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


# The packages


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of its own: one lock, and nowhere that anything is installed."""
    monkeypatch.setattr(layers, "REQUIREMENTS", tmp_path / "requirements")
    monkeypatch.setattr(layers, "ENVIRONMENT", tmp_path / "environment")
    (tmp_path / "requirements").mkdir()
    lock = "alfa==1.0 \\\n    --hash=sha256:00\nbeta==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:11\n"
    (tmp_path / "requirements" / "run.txt").write_text(lock)
    return tmp_path


@pytest.fixture
def pip(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`pip(code)` lets `code` stand in for pip; it finds the folder to fill in `target`."""

    def stand_in(code: str) -> None:
        script = elsewhere / "pip.py"
        head = "import os, pathlib, sys\ntarget = pathlib.Path(sys.argv[sys.argv.index('--target') + 1])\n"
        script.write_text(head + textwrap.dedent(code))
        monkeypatch.setattr(layers, "PIP", script)

    return stand_in


WORKS = "target.mkdir(); (target / 'alfa.py').write_text('whole')"


def test_packages_are_fetched_once(elsewhere: Path, pip: Callable[[str], None]) -> None:
    pip(WORKS)
    folder = layers.ensure("run")
    assert (folder / "alfa.py").read_text() == "whole"
    pip("sys.exit('asked twice')")
    assert layers.ensure("run") == folder
    assert list((elsewhere / "environment").iterdir()) == [folder]


def test_a_changed_lock_gets_a_folder_of_its_own(elsewhere: Path) -> None:
    before = layers.folder_of("run")
    lock = elsewhere / "requirements" / "run.txt"
    lock.write_text(lock.read_text().replace("1.0", "1.1"))
    assert layers.folder_of("run") != before


@pytest.mark.parametrize("what", ["sysconfig.get_config_var", "platform.machine"])
def test_another_python_gets_a_folder_of_its_own(what: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = layers.folder_of("run")
    monkeypatch.setattr(what, lambda *_: "another")
    assert layers.folder_of("run") != before


def test_an_interrupted_installation_leaves_nothing_and_is_done_again(
    elsewhere: Path, pip: Callable[[str], None]
) -> None:
    pip("target.mkdir(); (target / 'alfa.py').write_text('ha'); os.kill(os.getpid(), 9)")
    with pytest.raises(SystemExit, match="could not be installed"):
        layers.ensure("run")
    assert not list((elsewhere / "environment").iterdir())
    pip(WORKS)
    assert (layers.ensure("run") / "alfa.py").read_text() == "whole"


def test_what_a_crash_left_is_not_taken_for_packages_and_goes_after_a_day(
    elsewhere: Path, pip: Callable[[str], None]
) -> None:
    environment = elsewhere / "environment"
    old, new = environment / "run-1.draft", environment / "run-2.draft"
    for draft in (old, new):
        (draft / "packages").mkdir(parents=True)
    os.utime(old, (0, 0))
    pip(WORKS)
    folder = layers.ensure("run")
    assert {folder, new} == set(environment.iterdir())


def test_two_starts_at_once_both_get_the_packages(elsewhere: Path, pip: Callable[[str], None]) -> None:
    folder = layers.folder_of("run")
    # The other start is done while this one's pip is at work.
    pip(f"{WORKS}; other = pathlib.Path({str(folder)!r}); other.mkdir(); (other / 'alfa.py').write_text('whole')")
    assert layers.ensure("run") == folder
    assert list((elsewhere / "environment").iterdir()) == [folder]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "The disk is full"),
        (
            "WARNING: Retrying after connection broken\nERROR: No matching distribution found",
            "does not reach the packages",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "thrown away"),
        ("ERROR: No matching distribution found for granian", "not ready-built"),
        ("ERROR: [Errno 13] Permission denied", "cannot be written to"),
        ("something new", "Try again"),
    ],
)
def test_a_failed_installation_says_why_and_what_to_do(said: str, sentence: str, pip: Callable[[str], None]) -> None:
    pip(f"print({said!r}); sys.exit(1)")
    with pytest.raises(SystemExit, match=sentence) as stop:
        layers.ensure("run")
    assert said.splitlines()[-1] in str(stop.value)


def test_a_folder_that_cannot_be_written_is_a_sentence(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "file").touch()
    monkeypatch.setattr(layers, "ENVIRONMENT", elsewhere / "file" / "environment")
    with pytest.raises(SystemExit, match=r"cannot put the packages.*start again"):
        layers.ensure("run")


def test_pip_keeps_the_machines_settings_but_for_where_to_install(
    elsewhere: Path, pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    names = ("PIP_INDEX_URL", "PIP_USER", "PIP_REQUIRE_VIRTUALENV")
    pip(f"target.mkdir(); (target / 'env').write_text(' '.join(os.environ[name] for name in {names}))")
    assert (layers.ensure("run") / "env").read_text() == "https://mirror.example/simple 0 0"


def test_packages_that_are_here_already_are_used_where_they_are(
    elsewhere: Path, pip: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pip("sys.exit('not needed')")
    monkeypatch.setattr(metadata, "version", {"alfa": "1.0"}.__getitem__)
    path = list(sys.path)
    layers.get_ready("run")
    assert sys.path == path


def test_packages_of_another_version_do_not_count(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", {"alfa": "1.1"}.__getitem__)
    assert not layers.is_importable("run")


@pytest.mark.parametrize("left", [None, "", "cut"])
def test_a_damaged_package_is_named_with_what_to_do(elsewhere: Path, left: str | None) -> None:
    folder = layers.folder_of("run")
    (folder / "alfa-1.0.dist-info").mkdir(parents=True)
    (folder / "alfa-1.0.dist-info" / "RECORD").write_text("alfa.py,sha256=x,9\n../../bin/alfa,sha256=x,9\nRECORD,,\n")
    (folder / "alfa.py").write_text("as it was, and a certificate")
    assert layers.ensure("run") == folder
    (folder / "alfa.py").unlink()
    if left is not None:
        (folder / "alfa.py").write_text(left)
    with pytest.raises(SystemExit, match=r"alfa\.py is damaged\. Delete the folder"):
        layers.ensure("run")


# What is shipped


@pytest.mark.parametrize("layer", [*LAYERS, RIVALS])
def test_every_locked_package_has_a_hash_and_no_address(layer: str) -> None:
    text = (layers.REQUIREMENTS / f"{layer}.txt").read_text()
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(layers.locked(layer)) > 0
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry.splitlines()[0]
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.MULTILINE), "no options: where to look is the machine's affair"


def test_the_locks_are_what_pyproject_asks_for() -> None:
    project = tomllib.loads((layers.ROOT / "pyproject.toml").read_text("utf-8"))
    asked = {"run": project["project"]["dependencies"], **project["dependency-groups"]}
    assert set(asked) == {*LAYERS, RIVALS}
    for layer, wishes in asked.items():
        for wish in map(Requirement, wishes):
            versions = [version for name, version, _ in layers.locked(layer) if name == wish.name]
            assert versions, f"{wish} is not in {layer}.txt"
            assert all(wish.specifier.contains(version) for version in versions), f"{layer}.txt is older than {wish}"


def test_layers_agree_about_what_they_share() -> None:
    chosen: dict[str, set[str]] = {}
    for layer in LAYERS:
        for name, version, when in layers.locked(layer):
            if "python" not in when:
                chosen.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in chosen.items() if len(versions) > 1}


def test_the_shipped_pip_is_the_one_its_page_names() -> None:
    wheel = layers.PIP.parent
    page = (wheel.parent / "README.md").read_text("utf-8")
    assert f"`{wheel.name}`" in page
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in page


# The whole


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_it_starts_answers_and_stops(tmp_path: Path) -> None:
    command = [sys.executable, start.__file__, "--port", "0", "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        giving_up = threading.Timer(PATIENCE, server.kill)
        giving_up.start()
        try:
            assert server.stdout
            first = server.stdout.readline()
            assert re.fullmatch(r"Canvass on http://127\.0\.0\.1:\d+\n", first)
            with urllib.request.urlopen(f"{first.split()[-1]}/healthz") as answer:
                assert (answer.status, answer.read().strip()) == (200, b'{"status":"ok"}')
            server.send_signal(signal.SIGTERM)
            said, _ = server.communicate()
        finally:
            giving_up.cancel()
            server.kill()
    assert "/setup/" in said
    assert server.returncode == 0
    assert (tmp_path / "data" / "canvass.db").exists()
