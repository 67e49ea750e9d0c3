"""Where it is measured: a folder on the disk, the engines, and the servers, started when first asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import disks, servers
from benchmarks.scene import Scene
from benchmarks.servers import Product

T = TypeVar("T")

SQLITE, POSTGRESQL, SLOW = "sqlite", "postgresql", "slow"
ENGINES = (SQLITE, POSTGRESQL, SLOW)  # slow is SQLite on a disk that takes 5 ms to sync


@dataclass(frozen=True)
class Size:
    """How much of everything. The defaults are the ones that docs/performance.md shows."""

    rounds: int = 5
    seconds: float = 1.5  # of each trial
    phones: int = 500  # in a herd
    watchers: int = 2000  # beside 100 operations a second
    most_watchers: int = 5000  # beside full posting
    screens: int = 500  # that watch while others post, and on election Saturday
    minutes: float = 30.0  # of election Saturday
    sync_ms: int = 5  # what the slow disk takes

    @property
    def sessions(self) -> int:
        """How many screens the scene needs."""
        return max(self.watchers, self.most_watchers, self.screens)


class Missing(RuntimeError):
    """What cannot be measured on this machine, and what to do about it."""


class Stage:
    """Folders, databases and servers of one run. Everything is stopped by `close`."""

    def __init__(self, folder: Path, size: Size, engines: tuple[str, ...]) -> None:
        self.folder, self.size, self.engines = folder, size, engines
        self._all = ExitStack()  # PostgreSQL, which serves all measurements
        self._open = ExitStack()  # the servers of the present ones
        self._known: dict[str, object] = {}
        self._postgres: str | None = None
        self._number = 0

    def close(self) -> None:
        """Stop everything."""
        self.clear()
        self._all.close()

    def clear(self) -> None:
        """Stop the servers, so that the next measurements begin with fresh ones."""
        self._open.close()
        self._known.clear()

    def once(self, name: str, context: AbstractContextManager[T]) -> T:
        """What this context manager gives, entered at the first call with this name and left by `clear`."""
        if name not in self._known:
            self._known[name] = self._open.enter_context(context)
        return self._known[name]  # type: ignore[return-value]

    def scene(self, engine: str) -> Scene:
        """The scene in this engine's databases. Ids and tokens are not the same in the other's."""
        return Scene.read(self._template(engine)[0])

    def product(self, engine: str) -> Product:
        """The product on its own copy of the scene; the same one until `clear`."""
        if f"product {engine}" in self._known:
            return self._known[f"product {engine}"]  # type: ignore[return-value]
        return self.once(f"product {engine}", self.serving(engine))

    def serving(
        self, engine: str, *, confined: list[str] | None = None, variables: dict[str, str] | None = None
    ) -> AbstractContextManager[Product]:
        """A product of one's own, on a copy of its own; `variables` of the environment."""
        data, url = self.copy(engine)
        environment = self.environment(engine) | {"CANVASS_DATA": str(data), "CANVASS_DATABASE_URL": url}
        environment |= variables or {}
        return servers.product(data, environment, confined)

    def environment(self, engine: str = SQLITE) -> dict[str, str]:
        """What a process gets from its host: nothing of this shell's settings, and a slow disk where asked for."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("CANVASS_")}
        if engine == SLOW:
            try:
                given |= disks.slowed(self.folder, self.size.sync_ms)
            except LookupError as reason:
                raise Missing(str(reason)) from None
        return given

    def copy(self, engine: str) -> tuple[Path, str]:
        """A copy of the scene: (data folder, database URL, "" for SQLite). Raises Missing."""
        template, url = self._template(engine)
        self._number += 1
        data = self.folder / f"data-{self._number}"
        shutil.copytree(template, data)
        if not url:
            return data, ""
        name = f"copy_{self._number}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE scene")
        return data, url.replace("/scene", f"/{name}")

    def empty_database(self, name: str) -> str:
        """The URL of a new database on the PostgreSQL. Raises Missing."""
        url = self._start_postgres()
        self._administer(f"CREATE DATABASE {name}")
        return url.replace("/postgres", f"/{name}")

    def postgres_log(self) -> str:
        """What PostgreSQL has said so far."""
        return (self.folder / "postgres" / "server.log").read_text(errors="replace")

    def _template(self, engine: str) -> tuple[Path, str]:
        """The scene's folder and URL, made at the first call."""
        data = self.folder / f"scene-{'postgresql' if engine == POSTGRESQL else 'sqlite'}"
        url = self._start_postgres().replace("/postgres", "/scene") if engine == POSTGRESQL else ""
        if not data.exists():
            if url:
                self._administer("CREATE DATABASE scene")
            data.mkdir()
            command = [sys.executable, "-m", "benchmarks.scene", str(data), url, str(self.size.sessions)]
            subprocess.run(command, check=True, env=self.environment(), cwd=servers.ROOT, stdout=subprocess.DEVNULL)
        return data, url

    def _start_postgres(self) -> str:
        """The URL of the PostgreSQL, started at the first call; its commits wait for the disk. Raises Missing."""
        if self._postgres is None:
            from tests import postgres

            try:
                self._postgres, stop = postgres.start(self.folder / "postgres")
            except RuntimeError as reason:
                raise Missing(str(reason)) from None
            self._all.callback(stop)
            # The tests' server spares the disk; in production a commit waits for it.
            for setting in ("fsync", "full_page_writes"):
                self._administer(f"ALTER SYSTEM SET {setting} = on")
            self._administer("SELECT pg_reload_conf()")
        return self._postgres

    def _administer(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(dsn(str(self._postgres)), autocommit=True) as connection:
            connection.execute(statement.encode())


def dsn(url: str) -> str:
    """The URL as the driver itself reads it."""
    return url.replace("postgresql+psycopg", "postgresql")
