"""A host with the product on it: the real server in processes of its own, that can be killed, and a phone for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import canvass
from canvass.core import db, i18n, settings
from canvass.members import people
from tests.cast import Cast, gather
from tests.counting.test_sync import Phone
from tests.simulation.client import Client

PATIENCE = 60  # seconds for a start or a stop


@dataclass
class Heard:
    """An answer, as `Phone` reads it."""

    status_code: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Wire:
    """In the place of Flask's test client: the same calls over HTTP."""

    def __init__(self, origin: str, device: str) -> None:
        self.client = Client(origin, {"canvass_device": device})

    def post(self, path: str, *, json: Any, headers: dict[str, str]) -> Heard:
        body = globals()["json"].dumps(json).encode()
        answer = self.client.request("POST", path, body, "application/json", **headers)
        return Heard(answer.status, answer.body.decode())


class Host:
    """A data folder, and the server on it."""

    def __init__(self, data: Path) -> None:
        self.data, self.database = data, data / "canvass.db"
        self.server: subprocess.Popen[str] | None = None
        self.origin = ""
        self.said: list[str] = []

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`python3 app.py WORDS` in a process of its own, waited for."""
        return subprocess.run(self._line(*words), env=self._environment(), capture_output=True, text=True)

    def start(self) -> None:
        """Start the server, and wait until it says where it is. Raises AssertionError with what it said instead."""
        errors = (self.data.parent / f"{self.data.name}.log").open("w+")
        with errors:
            self.server = subprocess.Popen(
                self._line("--port", "0"),
                env=self._environment(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
            alarm = threading.Timer(PATIENCE, self.kill)
            alarm.start()
            assert self.server.stdout
            first = self.server.stdout.readline()
            alarm.cancel()
            errors.seek(0)
            assert first.startswith("Canvass på "), errors.read()
        self.origin = first.split()[-1]

    def stop(self) -> None:
        """As an operator does."""
        self._end(lambda server: server.send_signal(signal.SIGTERM))

    def kill(self) -> None:
        """All of its processes at once, as a power cut does."""
        self._end(lambda server: os.killpg(server.pid, signal.SIGKILL))

    def _end(self, how: Any) -> None:
        if self.server is not None:
            how(self.server)
            self.server.communicate(timeout=PATIENCE)
            self.server = None

    @contextmanager
    def window(self) -> Iterator[None]:
        """The database in this process, beside the server; let go of afterwards."""
        app = canvass.create_app(DATA=self.data)
        with app.app_context(), i18n.speaking("sv"):
            try:
                yield
                db.session.commit()
            finally:
                db.session.remove()
                db.db.engine.dispose()

    def gather(self) -> tuple[Cast, Any]:
        """The cast in the server's database, and Alva's phone."""
        with self.window():
            cast = gather()
            device = people.add_device(cast.alva)
            db.session.commit()
            cast.refresh()
            author = cast.alva.id
            db.session.expunge_all()
        return cast, Phone(Wire(self.origin, device), author)  # type: ignore[arg-type]

    def _line(self, *words: str) -> list[str]:
        return [sys.executable, str(settings.ROOT / "app.py"), *words, "--data", str(self.data)]

    def _environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("CANVASS_")}
        return {**mine, "PYTHONPATH": os.pathsep.join(sys.path)}
