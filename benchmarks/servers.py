"""The servers that are measured, each in processes of its own: the product, and a bare Flask app as a limit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks import load

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
PATIENCE = 120  # seconds for a server to start or stop


class Server:
    """A running server: where it is, and what it uses."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.address = process, (HOST, port)
        self.host = f"{HOST}:{port}"

    def pids(self) -> list[int]:
        """Its processes: the one started, and those that they started."""
        parents = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        mine = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
            mine |= more
        return sorted(mine)

    def cpu(self) -> float:
        """Seconds of processor time used so far."""
        ticks = 0
        for pid in self.pids():
            fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12]) if fields else 0
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MB in use, what the processes share counted once."""
        texts = [_read(Path(f"/proc/{pid}/smaps_rollup")) for pid in self.pids()]
        return sum(int(found[1]) for text in texts if (found := re.search(r"^Pss: +(\d+)", text, re.M))) / 1024

    def handles(self) -> int:
        """Open files and sockets."""
        count = 0
        for pid in self.pids():
            try:
                count += len(os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                continue
        return count


class Product(Server):
    """Canvass, as `python3 app.py` serves it."""

    def __init__(self, process: subprocess.Popen[str], port: int, data: Path, environment: dict[str, str]) -> None:
        super().__init__(process, port)
        self.data, self.environment = data, environment

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the product's commands on the same database."""
        line = [sys.executable, str(ROOT / "app.py"), *words, "--data", str(self.data)]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True)

    def is_counted_right(self) -> bool:
        """Whether every counter agrees with the rows."""
        return self.command("recount", "--check").returncode == 0

    def attempts(self) -> int:
        """How many attempts are in the database."""
        query = "SELECT count(*) FROM attempts"
        if url := self.environment["CANVASS_DATABASE_URL"]:
            import psycopg

            with psycopg.connect(url.replace("+psycopg", "")) as connection:
                return connection.execute(query).fetchone()[0]  # type: ignore[index]
        from canvass.core.sqlite import sqlite3

        with closing(sqlite3.connect(self.data / "canvass.db")) as connection:
            return connection.execute(query).fetchone()[0]

    def wal(self) -> float:
        """MB of SQLite's write-ahead log."""
        path = self.data / "canvass.db-wal"
        return path.stat().st_size / 1e6 if path.exists() else 0.0


class Watch:
    """Notes what a server uses every `every` seconds, until the end of the block: (memory, handles, WAL) each time."""

    def __init__(self, server: Product, every: float) -> None:
        self.server, self.every = server, every
        self.notes: list[tuple[float, int, float]] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._note, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _note(self) -> None:
        while not self._is_over.wait(self.every):
            self.notes.append((self.server.memory(), self.server.handles(), self.server.wal()))


@contextmanager
def product(data: Path, environment: dict[str, str], confined: list[str] | None = None) -> Iterator[Product]:
    """Serve this folder's database on a free port; `confined` is a command that runs what follows it."""
    command = [*(confined or []), sys.executable, str(ROOT / "app.py"), "--port", "0", "--data", str(data)]
    with (data / "server.log").open("a") as log, started(command, environment, log.fileno()) as process:
        port = int(first_line(process, "Canvass on http://").rpartition(":")[2])
        yield Product(process, port, data, environment)


@contextmanager
def bare_flask(environment: dict[str, str]) -> Iterator[Server]:
    """A Flask app that does nothing, on the product's server: the limit for what the product's frame costs."""
    port = free_port()
    with started([sys.executable, "-m", "benchmarks.bare", str(port)], environment, subprocess.DEVNULL) as process:
        await_answer(process, port, "/healthz")
        yield Server(process, port)


@contextmanager
def started(command: list[str], environment: dict[str, str], errors: int) -> Iterator[subprocess.Popen[str]]:
    """A process, ended at the end of the block however that comes."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()


def first_line(process: subprocess.Popen[str], beginning: str) -> str:
    """The first line that a server prints. Raises RuntimeError when it is another, or comes too late."""
    giving_up = threading.Timer(PATIENCE, process.kill)
    giving_up.start()
    assert process.stdout
    said = process.stdout.readline().strip()
    giving_up.cancel()
    if not said.startswith(beginning):
        raise RuntimeError(f"the server said {said!r} and not {beginning!r}")
    return said


def await_answer(process: subprocess.Popen[str], port: int, path: str) -> None:
    """Ask a server that does not say when it is ready until it answers. Raises RuntimeError when it does not."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            connection = load.Connection((HOST, port))
            connection.ask(load.get(f"{HOST}:{port}", path))
            connection.wait()
        except (OSError, load.NoAnswer):
            time.sleep(0.1)
        else:
            connection.close()
            return
    raise RuntimeError(f"the server on port {port} does not answer")


def free_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
