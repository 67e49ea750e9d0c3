"""Replay a year against the real server, and compare what it then exports with what the users know they did."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from tests.simulation.browsers import Browsers
from tests.simulation.ledger import Cell
from tests.simulation.office import Office
from tests.simulation.phones import Network, Phone, Totals
from tests.simulation.plan import ZONE, Facts, Log, Year

WORKERS = 8  # phones that act at the same time
LATE = ("late 1", "late 2")
MOST_SHOWN = 10  # differences of a kind


class Progress:
    """How many actions have been taken, for whoever waits for a part of the year to have passed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._done = 0
        self._is_over = False

    def step(self) -> None:
        """One more."""
        with self._changed:
            self._done += 1
            self._changed.notify_all()

    def give_up(self) -> None:
        """Somebody failed: let nobody wait."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Until that many actions have been taken, or somebody failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._done >= count or self._is_over, timeout=1200)


class Result:
    """What was found. `problems` are sentences, empty when every promise was kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.problems: list[str] = []

    def say(self, what: str, value: object) -> None:
        """A line of the report."""
        self.lines.append(f"  {what:<34} {value}")

    def expect(self, what: str, found: object, expected: object) -> None:
        """A line with a verdict."""
        is_right = found == expected
        self.say(what, f"{found}  {'yes' if is_right else f'NO: expected {expected}'}")
        if not is_right:
            self.problems.append(f"{what}: {found}, expected {expected}")

    def expect_same(self, what: str, found: Counter[Cell], expected: Counter[Cell]) -> None:
        """A line for two tables that must be equal in every cell."""
        wrong = {cell: (found[cell], expected[cell]) for cell in found | expected if found[cell] != expected[cell]}
        self.say(what, f"{len(expected)} cells  {'yes' if not wrong else f'NO: {len(wrong)} differ'}")
        for cell, (says, should) in sorted(wrong.items())[:MOST_SHOWN]:
            self.problems.append(f"{what}: {' · '.join(map(str, cell))}: {says}, expected {should}")


class Replay:
    """One year, from the first volunteer to the board's spreadsheet."""

    def __init__(self, folder: Path, year: Year, *, seed: int, database_url: str = "") -> None:
        self.year, self.result = year, Result()
        self.progress, self.network = Progress(), Network()
        self.office = Office(folder, database_url)
        self.browsers = Browsers([v for v in year.volunteers if v.is_browser], self.office.origin)
        # Sized so that every phone at work can have its second tab.
        self.helpers = ThreadPoolExecutor(WORKERS)
        self.workers = ThreadPoolExecutor(WORKERS)
        self.phones = [
            Phone(volunteer, self.network, self.office.origin, f"{seed} {volunteer.name}", self.helpers)
            for volunteer in year.volunteers
            if not volunteer.is_browser
        ]

    def run(self) -> Result:
        """Everything, in order."""
        begun = time.monotonic()
        try:
            self.browsers.open()
            self._start()
            self._join(self.office.set_up(self.year))
            working = time.monotonic()
            self._replay()
            self.worked = time.monotonic() - working
            self._judge()
        finally:
            self.progress.give_up()
            self.workers.shutdown(cancel_futures=True)
            self.helpers.shutdown()
            self.browsers.close()
            for phone in self.phones:
                phone.client.close()
            self.office.close()
        self.result.say("seconds in all", f"{time.monotonic() - begun:.1f}")
        return self.result

    # --- the year -------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.office.start()
        self.network.up()

    def _join(self, codes: dict[str, str]) -> None:
        code = codes[self.year.drives[-1].name]
        for phone in self.phones:
            phone.shifts = self.office.shifts
        self._all(lambda phone: phone.join(code))
        self.browsers.join(code)

    def _replay(self) -> None:
        """Four campaigns: one in peace, one with a restart, one with a crash and a restore, one that loses a phone."""
        for number, happens in enumerate((self._nothing, self._restart, self._disaster, self._nothing)):
            self.number = number
            at_work = [self.workers.submit(self._act, phone, number) for phone in self.phones]
            at_screens = self.browsers.act(number)
            happens()
            for future in [*at_work, at_screens]:
                future.result()
        self._come_home()
        self._be_late()

    def _act(self, phone: Phone, number: int) -> None:
        try:
            for action in phone.volunteer.days[number]:
                phone.do(action)
                self.progress.step()
        except BaseException:
            self.progress.give_up()
            raise

    def _wait_until(self, share: float) -> None:
        """Until that share of the campaign's actions have been taken."""
        actions = [sum(len(phone.volunteer.days[number]) for phone in self.phones) for number in range(self.number + 1)]
        self.progress.wait_for(sum(actions[:-1]) + math.ceil(share * actions[-1]))

    def _nothing(self) -> None:
        """The server is left in peace."""

    def _restart(self) -> None:
        self._wait_until(0.5)
        epoch = self.office.epoch()
        self.network.down()
        self.office.stop()
        self._start()
        self.restarted = "same" if self.office.epoch() == epoch else "new"

    def _disaster(self) -> None:
        self._wait_until(0.3)
        self.office.back_up()
        self._wait_until(0.8)
        epoch = self.office.epoch()
        self.network.down()
        self.office.crash()
        self.office.restore()
        self._start()
        self.restored = "same" if self.office.epoch() == epoch else "new"

    def _come_home(self) -> None:
        """Every phone is opened once more; what a restored server lacks is sent again."""

        def come_home(phone: Phone) -> None:
            phone.beat()
            phone.send(is_patient=True)
            phone.beat()
            phone.send(is_patient=True)  # what the server then turned out to miss

        self._all(come_home)
        self.browsers.come_home(self.office.epoch())

    def _be_late(self) -> None:
        """The first campaign is closed; somebody who has not heard logs two there, and a leader counts one of them."""
        campaign = self.year.drives[0].name
        phone = next(phone for phone in self.phones if phone.volunteer.is_late)
        self.office.close_campaign(campaign)
        # Up to the next millisecond, which is as fine as a phone's time is.
        now = datetime.now(ZONE) + timedelta(milliseconds=1)
        for key in LATE:
            phone.log(Log(key, now, campaign, Facts(None, "door", "talked")))
        phone.send(is_patient=True)
        self.held_codes = [operation.code for operation in phone.queue.values() if operation.state == "quarantined"]
        dismissed = self.office.decide()
        for operation in phone.queue.values():
            if operation.id in dismissed:
                phone.diary.change(operation.key, None)  # the leader has told them
        phone.ask_again()

    def _all(self, work: Callable[[Phone], None]) -> None:
        for future in [self.workers.submit(work, phone) for phone in self.phones]:
            future.result()

    # --- the verdict ----------------------------------------------------------------------------------------

    def _judge(self) -> None:
        totals = Totals()
        for phone in self.phones:
            totals += phone.totals
        ledger: Counter[Cell] = Counter()
        for diary in [phone.diary for phone in self.phones] + [phone.diary for phone in self.browsers.phones]:
            ledger += diary.counts()
        self._say_what_it_took(totals, ledger)
        self._judge_counts(ledger)
        self._judge_phones()
        self._judge_server()

    def _judge_counts(self, ledger: Counter[Cell]) -> None:
        """Does the server count what the diaries say: in the export, on the pages, on the shifts?"""
        result, year = self.result, self.year
        exported: Counter[Cell] = Counter()
        for drive in year.drives:
            exported += self.office.export(drive.name)
        result.expect_same("ledger = export", exported, ledger)
        for drive in year.drives:
            own = Counter({cell: number for cell, number in ledger.items() if cell.campaign == drive.name})
            result.expect(f"{drive.name} = its page", self.office.shown(drive.name) == _marginals(own), True)
            at_the_stall: Counter[str] = Counter()
            for cell, number in own.items():
                if cell.channel == "stall":
                    at_the_stall[cell.outcome] += number
            result.expect(f"{drive.name} = its shift", self.office.on_shift(drive.name) == at_the_stall, True)
        result.expect("counters that drifted", self.office.drift(), 0)

    def _judge_phones(self) -> None:
        """Is what was lost with a phone reported, and nothing else missing?"""
        result = self.result
        lost = sum(phone.lost for phone in self.phones)
        untold = sum(phone.lost_untold for phone in self.phones)
        made = sum(phone.seq for phone in self.phones) + sum(phone.made for phone in self.browsers.phones)
        now, later = self.office.waiting(), self.office.waiting(days=4)
        result.expect("lost with the phone, as reported", (now.operations, now.phones), (lost, 1))
        result.expect("… and when it has been silent", (later.silent_operations, later.silent_phones), (lost, 1))
        result.say("… of which no server was ever told", untold)
        result.expect("receipts = made − lost", self.office.receipts(), made - lost - untold)
        result.expect("still waiting on phones", sum(len(phone.waiting()) for phone in self.phones), 0)
        result.expect("numbers missed elsewhere", sum(len(p.missing) for p in self.phones if not p.is_gone), 0)

    def _judge_server(self) -> None:
        """Did the restart and the restore go as they should, and was nothing in the log?"""
        result = self.result
        result.expect("epoch after the restart", self.restarted, "same")
        result.expect("epoch after the restore", self.restored, "new")
        expected = Counter({("campaign_closed", "admitted"): 1, ("campaign_closed", "dismissed"): 1})
        result.expect("quarantine", _plainly(self.office.judged()), _plainly(expected))
        result.expect("… as their phone was told", self.held_codes, ["campaign_closed"] * 2)
        result.expect("errors in the server's log", len(self.office.troubles()), 0)
        result.problems += self.office.troubles()[:MOST_SHOWN]

    def _say_what_it_took(self, totals: Totals, ledger: Counter[Cell]) -> None:
        say, verdicts = self.result.say, totals.verdicts
        talked = sum(number for cell, number in ledger.items() if cell.outcome == "talked")
        offline = sum(volunteer.is_offline for volunteer in self.year.volunteers)
        say("phones", f"{len(self.year.volunteers)}, {offline} offline, {len(self.browsers.phones)} in Chromium")
        say("conversations", f"{talked} in the ledger, {self.year.conversations} in the plan")
        say("attempts", f"{sum(ledger.values())} in the ledger, {self.year.attempts} in the plan")
        say("operations", f"{totals.operations} made, {totals.sent} sent in {totals.requests} requests")
        say("answers lost on purpose, silences", f"{totals.lost_answers}, {totals.silences}; busy {totals.busy}")
        say("sent again after the restore", f"{totals.resent}; {totals.forgotten} forgotten, safe in the backup")
        say("verdicts", ", ".join(f"{verdict} {number}" for verdict, number in sorted(verdicts.items())))
        say("seconds at work", f"{self.worked:.1f}")
        say("a second", f"{totals.requests / self.worked:.0f} requests, {totals.sent / self.worked:.0f} operations")


def _marginals(ledger: Counter[Cell]) -> dict[str, Counter[str]]:
    """The ledger as a campaign's page shows it: see Office.shown."""
    found: dict[str, Counter[str]] = {}
    keys: dict[str, Callable[[Cell], str]] = {
        "total": lambda cell: "",
        "area": lambda cell: cell.area,
        "association": lambda cell: cell.association,
        "channel": lambda cell: cell.channel,
        "day": lambda cell: cell.day.isoformat(),
    }
    for dimension, key in keys.items():
        counts = found[dimension] = Counter()
        for cell, number in ledger.items():
            counts[key(cell)] += number
            counts[f"{key(cell)} talked"] += number if cell.outcome == "talked" else 0
        found[dimension] = +counts
    return found


def _plainly(counts: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{number} {' '.join(key)}" for key, number in sorted(counts.items()))
