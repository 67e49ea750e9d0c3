"""Whatever is wrong with what a command was given, it says what to do, in a sentence, and ends with a code."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import app as start
import canvass
from canvass import cli
from canvass.core import settings
from canvass.core.sqlite import sqlite3
from tests.conftest import disposing
from tests.postgres import free_port

SET = {name for name in os.environ if name.startswith("CANVASS_") and "_TEST_" not in name}
NOBODY = 65534
PYTHON = "/usr/bin/python3"  # one that everybody may use
ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which(PYTHON),
    reason="only root can become somebody else",
)


def say(*words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """What `python3 app.py` does with these words and settings."""
    program = given.pop("python", sys.executable)
    environment = {name: value for name, value in os.environ.items() if name not in SET} | given
    return subprocess.run(
        [program, start.__file__, *words],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def refused(done: subprocess.CompletedProcess[str], *said: str, code: int = 1) -> None:
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database in it."""
    folder = tmp_path_factory.mktemp("whole") / "data"
    with disposing(canvass.create_app(DATA=folder)) as app, app.app_context():
        cli.bring_up_to_date(app)
    return folder


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "data"))


def spoil_secrets(data: Path) -> None:
    (data / "secrets.json").write_text('{"key": ')


def empty_secrets(data: Path) -> None:
    (data / "secrets.json").write_text("")


def put_garbage(data: Path) -> None:
    (data / "canvass.db").write_bytes(os.urandom(100_000))


def cut_the_database(data: Path) -> None:
    path = data / "canvass.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def take_it_away(data: Path) -> None:
    (data / "canvass.db").unlink()


def put_a_file_there(data: Path) -> None:
    shutil.rmtree(data)
    data.write_text("hej")


@pytest.mark.parametrize("command", [[], ["recount"]], ids=["serve", "recount"])
@pytest.mark.parametrize(
    ("spoil", "said", "code"),
    [
        (spoil_secrets, "secrets.json is damaged", 2),
        (empty_secrets, "secrets.json is damaged", 2),
        (put_garbage, "canvass.db", 1),
        (cut_the_database, "canvass.db", 1),
        (take_it_away, "There is no database in", 1),
        (put_a_file_there, "data", 1),
    ],
)
def test_what_is_wrong_with_the_data_is_said(
    data: Path, command: list[str], spoil: Callable[[Path], None], said: str, code: int
) -> None:
    spoil(data)
    refused(say(*command, "--data", str(data), "--port", "0"), said, code=code)


@pytest.mark.parametrize("command", ["backup", "organisations import-sweden"])
def test_only_serving_makes_a_database(tmp_path: Path, command: str) -> None:
    refused(say(*command.split(), "--data", str(tmp_path / "typo")), "There is no folder", "--data")
    assert list(tmp_path.iterdir()) == []
    refused(say(*command.split(), "--data", str(tmp_path)), "There is no database", "--data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "samtal.example.org"),
        ("PUBLIC_URL", "https://example.org/samtal"),
        ("PUBLIC_URL", "https://example.org?a=b"),
        ("PUBLIC_URL", "https://example.org:port"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "ftp://example.org"),
        ("PROXIES", "-1"),
        ("PROXIES", "one"),
        ("PORT", "-1"),
        ("WORKERS", "2"),
        ("WORKERS", "0"),
        ("LANGUAGE", "fi"),
        ("DATABASE_URL", "mysql://canvass@127.0.0.1/canvass"),
        ("DATABASE_URL", "postgre://canvass@127.0.0.1/canvass"),
        ("DATABASE_URL", "postgresql://canvass@127.0.0.1:port/canvass"),
        ("DATABASE_URL", "canvass"),
        ("GEOCODER", "nominatim"),
        ("TILES_URL", "https://example.org"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CANVASS_{name}", value)
    with pytest.raises(ValueError, match=f"CANVASS_{name}"):
        settings.read()


def test_an_address_that_works_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("https://samtal.example.org", "http://192.168.1.20:8000", "https://[2001:db8::1]", ""):
        assert settings.read(PUBLIC_URL=address)["PUBLIC_URL"] == address
    assert settings.read(PUBLIC_URL="https://samtal.example.org/")["PUBLIC_URL"] == "https://samtal.example.org"


@pytest.mark.parametrize("command", [[], ["recount"]], ids=["serve", "recount"])
def test_a_start_with_such_a_setting_ends_with_its_name(data: Path, command: list[str]) -> None:
    refused(say(*command, "--data", str(data), CANVASS_PROXIES="-1"), "CANVASS_PROXIES", code=2)


@pytest.mark.parametrize("command", [[], ["backup"]], ids=["serve", "backup"])
def test_a_postgresql_that_does_not_answer_is_a_sentence_without_its_password(data: Path, command: list[str]) -> None:
    address = f"postgresql://canvass:hemligt@127.0.0.1:{free_port()}/canvass"
    done = say(*command, "--data", str(data), CANVASS_DATABASE_URL=address)
    refused(done, "127.0.0.1")
    assert "hemligt" not in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "recount --frobnicate",
        "--port eight",
        "--host",
        "areas import /nowhere.geojson",
        "restore /nowhere.db",
        "grant bo@example.org king",
        "bench nothing",
    ],
)
def test_wrong_words_are_named_with_the_way_to_help(data: Path, line: str) -> None:
    done = say(*line.split(), "--data", str(data)) if line != "--host" else say("--data", str(data), "--host")
    refused(done, code=2)
    assert done.stderr


def test_the_organisations_to_choose_from_are_listed(data: Path) -> None:
    with closing(sqlite3.connect(data / "canvass.db")) as connection:
        for name in ("Norrköping", "Åby"):
            columns = {row[1]: row[2] for row in connection.execute("PRAGMA table_info(organisations)") if row[3]}
            values = {
                column: {"DATETIME": "2026-05-06 00:00:00.000000"}.get(kind, 0) for column, kind in columns.items()
            }
            values |= {"id": name, "name": name, "kind": "municipal"}
            marks = ", ".join("?" for _ in values)
            connection.execute(f"INSERT INTO organisations ({', '.join(values)}) VALUES ({marks})", [*values.values()])
        connection.commit()
    (data / "areas.json").write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    done = say("areas", "import", str(data / "areas.json"), "--data", str(data))
    refused(done, "Say which organisation", "Norrköping (municipal)", "Åby (municipal)")


@pytest.mark.parametrize("locale", ["C", "POSIX", "sv_SE.ISO-8859-1"])
def test_an_old_locale_and_a_path_with_blanks_and_letters_are_no_matter(
    whole: Path, tmp_path: Path, locale: str
) -> None:
    folder = shutil.copytree(whole, tmp_path / "Mina mappar 100% å?#")
    old = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = say("backup", "--data", str(folder), **old)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((folder / "backups").glob("canvass-*.db"))) == 1


def test_a_port_that_is_taken_is_a_sentence(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused(say("--data", str(data), "--port", str(other.getsockname()[1])), "is taken")


def give_away(data: Path) -> None:
    """To nobody, who may walk there."""
    for path in (data, *data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for folder in data.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)


@ROOT
def test_a_folder_that_cannot_be_written_is_a_sentence(data: Path, tmp_path: Path) -> None:
    """Nothing stops root, but the folder's owner."""
    give_away(data)
    for path in (data, *data.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
    refused(say("--data", str(data), "--port", "0", python=PYTHON), str(data))
    refused(say("backup", "--data", str(data), python=PYTHON), str(data))


@ROOT
def test_a_command_of_roots_leaves_files_to_the_folders_owner(data: Path, tmp_path: Path) -> None:
    give_away(data)
    (data / "canvass.db.lock").unlink(missing_ok=True)
    done = say("backup", "--data", str(data), python=PYTHON)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_uid for path in data.rglob("*") if path.stat().st_uid != NOBODY} == {}


def test_one_file_settles_server_and_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SET:
        monkeypatch.delenv(name)
    file = tmp_path / "canvass.env"
    file.write_text(f"# here\n\nCANVASS_DATA={tmp_path}/å b\nCANVASS_PORT = '8123'\nCANVASS_HOST=::1\n", "utf-8")
    monkeypatch.setenv("CANVASS_HOST", "127.0.0.9")  # what the environment says counts
    for name in ("CANVASS_DATA", "CANVASS_PORT"):
        monkeypatch.setenv(name, "")  # and so put back afterwards
        monkeypatch.delenv(name)
    start.settle(file)
    order = start.read(["recount"])
    assert (order.data, order.port, order.host) == (tmp_path / "å b", 8123, "127.0.0.9")
    start.settle(tmp_path / "none.env")
    file.write_text("CANVASS_PORT 8124\n")
    with pytest.raises(SystemExit, match="line 1"):
        start.settle(file)
