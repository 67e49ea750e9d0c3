"""A host with the real server on it, in processes that can be killed, and a phone that talks to it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canvass.core import db
from canvass.members import devices
from tests.cast import Cast, gather
from tests.counting.phone import Phone
from tests.simulation.client import PATIENCE, Client
from tests.simulation.office import Office

COMMAND = "import sys; from canvass import cli; sys.exit(cli.main(sys.argv[1:]))"


@dataclass
class Heard:
    """An answer, as `Phone` reads it."""

    status_code: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Wire:
    """In the place of Flask's test client: the same call over HTTP."""

    def __init__(self, origin: str, device: str) -> None:
        self.client = Client(origin, {"canvass_device": device})

    def post(self, path: str, headers: dict[str, str], **content: Any) -> Heard:
        """Raises `client.Silence` when there is no answer."""
        answer = self.client.request("POST", path, json.dumps(content["json"]).encode(), "application/json", **headers)
        return Heard(answer.status, answer.body.decode())


class Host(Office):
    """An office that lets go of the database each time somebody has looked, so that a start is alone with it."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        folder.mkdir()
        super().__init__(folder, database_url)
        self.database, self.wal = folder / "canvass.db", folder / "canvass.db-wal"
        self.variables: dict[str, str] = {}  # of the environment, for the next start

    def environment(self) -> dict[str, str]:
        return super().environment() | self.variables

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One of the product's commands, in a process of its own."""
        line = [sys.executable, "-c", COMMAND, *words]
        return subprocess.run(line, env=self.environment(), capture_output=True, text=True)

    def said_next(self) -> str:
        """One more line of those with which the server begins."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill_main_process(self) -> None:
        """Kill it alone, and wait until none of those it started has its output open any more."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise

    @contextmanager
    def window(self) -> Iterator[None]:
        with super().window():
            yield
        self.leave()

    def gather(self) -> tuple[Cast, Phone]:
        """The cast in the server's database, and Alva's phone."""
        with self.window():
            cast = gather()
            device = devices.add(cast.alva)
            db.session.commit()
            cast.refresh()
            db.session.expunge_all()
        wire = Wire(self.origin, device)
        self._clients.append(wire.client)
        return cast, Phone(wire, cast.alva.id)  # type: ignore[arg-type]
