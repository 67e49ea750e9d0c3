"""PostgreSQL's own programs for taking a copy of a database and putting it back, run on the database of an engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from glob import glob
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

# Where they are when they are not on the path.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/libpq/bin")


class Failed(RuntimeError):
    """A program is missing or failed; the message says what it said."""


def write(engine: Engine, file: Path, snapshot: str) -> None:
    """Write the database as this snapshot (`pg_export_snapshot`) sees it to `file`. Raises Failed."""
    _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", on=engine)


def read(file: Path) -> tuple[set[str], str | None]:
    """Read a dump to its end; return the names of its tables and its revision. Raises Failed."""
    listed = _run("pg_restore", "--list", str(file))
    revision = _run("pg_restore", "--file=-", "--data-only", "--table=alembic_version", str(file))
    _run("pg_restore", f"--file={os.devnull}", str(file))
    stamped = re.search(r"^COPY \S*alembic_version .*\n(\S+)\n\\\.", revision, re.MULTILINE)
    return set(re.findall(r" TABLE \S+ (\S+) ", listed)), stamped[1] if stamped else None


def put_back(engine: Engine, file: Path, script: Path) -> None:
    """Replace all tables by those of a dump, in one transaction. Raises Failed, and then nothing has changed.

    `script` is a file to be written on the way there: psql would commit half of what another program sends it.
    """
    _run("pg_restore", f"--file={script}", "--no-owner", "--no-privileges", str(file))
    with engine.connect().execution_options(reading=True) as connection:
        drops = [f'--command=DROP TABLE "{name}" CASCADE' for name in tables(connection)]
    how = ("--no-psqlrc", "--quiet", f"--output={os.devnull}", "--single-transaction", "--set=ON_ERROR_STOP=1")
    _run("psql", *how, *drops, f"--file={script}", on=engine)


def tables(connection: Connection) -> list[str]:
    """Return the names of the tables in the schema that is used."""
    found = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
    return sorted(found)


def others(connection: Connection) -> int:
    """Return how many other connections the database has: a running server always keeps some."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return int(connection.scalar(text(f"{query} AND coalesce(backend_type, 'client backend') = 'client backend'")) or 0)


def _address(engine: Engine) -> str:
    """Return the database's address without the password, which everybody on the machine could read."""
    return engine.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _run(program: str, *arguments: str, on: Engine | None = None) -> str:
    found = shutil.which(program) or next(iter(_elsewhere(program)), None)
    if found is None:
        raise Failed(f"{program} is not installed; it comes with PostgreSQL's client programs (postgresql-client).")
    settings = {"PGOPTIONS": "--client-min-messages=warning"}
    if on is not None:
        arguments = (f"--dbname={_address(on)}", *arguments)
        settings |= {"PGPASSWORD": str(on.url.password)} if on.url.password else {}
    done = subprocess.run([found, *arguments], capture_output=True, encoding="utf-8", env=os.environ | settings)
    if done.returncode:
        raise Failed(f"{program} failed: {(done.stderr.strip().splitlines() or ['it did not say why'])[0]}")
    return done.stdout


def _elsewhere(program: str) -> list[str]:
    folders = sorted((name for place in PLACES for name in glob(place)), reverse=True)
    return [found for folder in folders if (found := shutil.which(program, path=folder))]
