"""The office: the real server in a process of its own, and those who sit at desks: operator, leader and board."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select

from canvass.core import backups, clock, db, i18n, settings, state
from canvass.counting import attempts, quarantine, receipts, tallies
from canvass.counting.quarantine import Held
from canvass.counting.receipts import Operation, Waiting
from canvass.fieldwork import areas, campaigns, shifts
from canvass.insight import numbers
from canvass.members import joining, organisations, people, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import new_campaign
from tests.simulation.client import PATIENCE, Client
from tests.simulation.ledger import Cell
from tests.simulation.plan import TOPICS, ZONE, Drive, Year

SERVE = "import sys; from canvass.serving import server; sys.exit(server.serve(sys.argv[1], int(sys.argv[2])))"
HOST = "127.0.0.1"
BREAKDOWN = ("area", "association", "day", "channel", "outcome")


class Failed(RuntimeError):
    """The server does not start, or a desk gets an answer it should not."""


class Office:
    """A server with its data folder and database. The port stays the same over restarts, as an address would."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        with socket.socket() as trial:
            trial.bind((HOST, 0))
            self.port = int(trial.getsockname()[1])
        self.origin = f"http://{HOST}:{self.port}"
        self.log = folder / "server.log"
        self._process: subprocess.Popen[str] | None = None
        # A window of our own on the database, for what an operator does beside the server.
        self._window = Flask("canvass.simulation")
        self._window.config.update(settings.read(DATA=folder, DATABASE_URL=database_url))
        db.attach(self._window)
        self.is_sqlite = self._window.config["DATABASE_URL"].startswith("sqlite")
        self.shifts: dict[str, str] = {}  # the id of each campaign's
        self._clients: list[Client] = []
        self._rows: dict[str, list[dict[str, Any]]] = {}

    # --- the server -----------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """What the server, and any command, gets from the host."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("CANVASS_")}
        return given | {
            "CANVASS_DATA": str(self.folder),
            "CANVASS_DATABASE_URL": self._window.config["DATABASE_URL"],
            "PYTHONPATH": os.pathsep.join(filter(None, [str(settings.ROOT), os.environ.get("PYTHONPATH")])),
        }

    def start(self) -> None:
        """Start the server and wait until it answers. Raises Failed."""
        with self.log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVE, HOST, str(self.port)],
                env=self.environment(),
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        assert self._process.stdout is not None
        alarm = threading.Timer(PATIENCE, self._process.kill)
        alarm.start()
        said = self._process.stdout.readline()
        alarm.cancel()
        if self.origin not in said:
            self.crash()
            raise Failed(f"the server did not start: {said} {self.log.read_text('utf-8')[-2000:]}")

    def stop(self) -> None:
        """As an operator stops it: what is being answered is answered."""
        self._end(signal.SIGTERM)

    def crash(self) -> None:
        """As a power cut stops it."""
        self._end(getattr(signal, "SIGKILL", signal.SIGTERM))

    def _end(self, how: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if how == signal.SIGTERM or not hasattr(os, "killpg"):
            process.send_signal(how)
        else:
            os.killpg(process.pid, how)  # the serving process too, which is a child of this one
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def window(self) -> Iterator[None]:
        """Look at the database, and change it through the product's own verbs; committed at the end."""
        with self._window.app_context(), i18n.speaking("sv"):
            try:
                yield
                db.session.commit()
            finally:
                db.session.remove()

    def close(self) -> None:
        """Leave nothing behind but the folder."""
        for client in self._clients:
            client.close()
        self.crash()
        self.leave()

    def leave(self) -> None:
        """Let go of the database, until somebody looks again."""
        with self._window.app_context():
            db.db.engine.dispose()

    # --- before the year ------------------------------------------------------------------------------------

    def set_up(self, year: Year) -> dict[str, str]:
        """Organisations, areas, campaigns, a shift in each, a leader and a board member.

        Returns each campaign's join code.
        """
        with self.window():
            if people.is_anyone():
                raise Failed("the database is in use; give the simulation one that is empty")
            town = organisations.add("municipal", "Norrköping", None, code="0581")
            owners = {name: organisations.add("association", name, town) for name in year.associations}
            desks = [people.add(name, town) for name in ("Bo", "Cia")]
            for person, role in zip(desks, ("leader", "board"), strict=True):
                people.grant(person, role, town)
            for code, name, owner in year.areas:
                areas.add(owners[owner], name=name, code=code, by=desks[0])
            codes = {drive.name: self._open(drive, town, desks[0]) for drive in year.drives}
            self.town, self.campaigns = town.id, self._by_name(campaigns.Campaign)
            tokens = [tickets.sign_in_token(person) for person in desks]
        self.leader, self.board = (self._signed_in(token) for token in tokens)
        return codes

    def _open(self, drive: Drive, town: Organisation, leader: Person) -> str:
        """Open one campaign with a shift at a stall; returns its join code."""
        campaign = new_campaign(
            town,
            name=drive.name,
            kind=drive.kind,
            starts_on=drive.starts_on,
            ends_on=drive.ends_on,
            channels=list(campaigns.CHANNELS),
            topics=TOPICS,
            target=drive.conversations,
            by=leader,
        )
        campaigns.open_(campaign, by=leader)
        noon = datetime.combine(drive.starts_on, time(12), ZONE)
        facts = shifts.Facts("stall", noon, noon + timedelta(hours=3), area_ids=[])
        self.shifts[drive.name] = shifts.plan(campaign, town, facts, by=leader).id
        secret = settings.secret(self.folder, "key")
        return joining.code(joining.link(town, campaign.id, drive.ends_on, secret), secret)

    def _by_name(self, kind: Any) -> dict[str, str]:
        return {one.name: one.id for one in db.session.scalars(select(kind))}

    def _signed_in(self, token: str) -> Client:
        client = Client(self.origin)
        self._clients.append(client)
        if client.submit(f"/sign-in/{token}").status != 303:
            raise Failed("a sign-in link does not sign in")
        return client

    # --- during the year ------------------------------------------------------------------------------------

    def back_up(self) -> None:
        """While the server runs. On PostgreSQL a copy of all rows stands in for its own tools; phones are not told."""
        with self.window():
            if self.is_sqlite:
                self._backup = backups.take(self.folder / "backups")
                return
            db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            for table in db.Base.metadata.sorted_tables:
                self._rows[table.name] = [dict(row) for row in db.session.execute(select(table)).mappings()]

    def restore(self) -> None:
        """Put the backup back while the server is stopped."""
        if self.is_sqlite:
            self.leave()
            backups.restore(self._backup, self.folder / "canvass.db")
            return
        with self.window():
            for table in reversed(db.Base.metadata.sorted_tables):
                db.session.execute(table.delete())
            for table in db.Base.metadata.sorted_tables:
                if self._rows[table.name]:
                    db.session.execute(table.insert(), self._rows[table.name])

    def close_campaign(self, name: str) -> None:
        """The leader closes it for what has not happened yet."""
        self._press(f"/campaigns/{self.campaigns[name]}/state", state="close")

    def decide(self) -> list[str]:
        """The leader admits the first held operation and dismisses the others; returns the ids of the dismissed."""
        with self.window():
            held = sorted(quarantine.held([self.town]), key=lambda one: one.data["seq"])
            found = [(one.id, one.operation_id) for one in held]
        for place, (held_id, _operation_id) in enumerate(found):
            self._press(f"/quarantine/{held_id}/{'dismiss' if place else 'admit'}")
        return [operation_id for _held_id, operation_id in found[1:]]

    def _press(self, path: str, **fields: str) -> None:
        answer = self.leader.submit(path, **fields)
        if answer.status != 303:
            raise Failed(f"{path} was answered with {answer.status}")

    def epoch(self) -> str:
        """Which life the database is living."""
        with self.window():
            return state.epoch()

    # --- after the year -------------------------------------------------------------------------------------

    def export(self, name: str) -> Counter[Cell]:
        """The board's CSV of a campaign, cell by cell."""
        with i18n.speaking("sv"):
            channels = {campaigns.channel_name(key): key for key in campaigns.CHANNELS}
            outcomes = {campaigns.outcome_name(key): key for key in campaigns.OUTCOMES}
        query = urlencode({"campaign": self.campaigns[name], "by": ",".join(BREAKDOWN), "dialect": "rfc4180"})
        answer = self.board.submit(f"/reports/totals.csv?{query}")
        if answer.status != 200:
            raise Failed(f"the export was answered with {answer.status}")
        cells: Counter[Cell] = Counter()
        for row in csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")):
            day = date.fromisoformat(row["Dag"])
            channel, outcome = channels[row["Sätt"]], outcomes[row["Utfall"]]
            cell = Cell(name, row["Områdeskod"], row["Förening"], day, channel, outcome)
            cells[cell] += int(row["Försök"])
            if int(row["Samtal"]) != (int(row["Försök"]) if outcome == "talked" else 0):
                raise Failed(f"a row of the export contradicts itself: {row}")
        return cells

    def shown(self, name: str) -> dict[str, Counter[str]]:
        """What the campaign's page counts along each dimension: attempts, and conversations under '… talked'."""
        page = self.board.get(f"/campaigns/{self.campaigns[name]}")
        with self.window():
            campaign = db.session.get_one(campaigns.Campaign, self.campaigns[name])
            counted = numbers.numbers(campaign, campaign.organisation)
            lines = {
                "total": [numbers.Subtotal("", counted.total)],
                "area": [numbers.Subtotal("", line.count, id=line.code) for line in counted.by_area],
                "association": [numbers.Subtotal("", line.count, id=line.name) for line in counted.by_organisation],
                "channel": counted.by_channel,
                "day": counted.by_day,
            }
            total = i18n.number(counted.total.conversations)
        if page.status != 200 or total not in page.body.decode():
            raise Failed(f"the campaign's page was answered with {page.status}, without {total} conversations")
        found = {}
        for dimension, rows in lines.items():
            counts: Counter[str] = Counter()
            for row in rows:
                counts[row.id] += row.count.attempts
                counts[f"{row.id} talked"] += row.count.conversations
            found[dimension] = +counts
        return found

    def on_shift(self, name: str) -> Counter[str]:
        """What is counted on a campaign's shift, by outcome."""
        with self.window():
            found = tallies.of_shifts([self.campaigns[name]], [self.shifts[name]])
        return found.get(self.shifts[name], Counter())

    def drift(self) -> int:
        """How many counters disagree with the rows."""
        with self.window():
            return len(attempts.drift())

    def waiting(self, days: int = 0) -> Waiting:
        """What the server knows that it has not got, as it will say in some days if nothing more is heard."""
        with self.window(), clock.stopped(clock.now() + timedelta(days)):
            return receipts.waiting(self.town)

    def receipts(self) -> int:
        """How many different operations have arrived."""
        with self.window():
            return db.session.scalar(select(func.count(Operation.id))) or 0

    def judged(self) -> Counter[tuple[str, str]]:
        """How many were held, by reason and decision."""
        with self.window():
            return Counter((one.code, one.decision) for one in db.session.scalars(select(Held)))

    def troubles(self) -> list[str]:
        """The errors in the server's log."""
        return re.findall(r"^\w*(?:Error|Exception)\b.*", self.log.read_text("utf-8"), re.MULTILINE)
