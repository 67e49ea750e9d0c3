"""What is left of a run: benchmarks/results.json, and docs/performance.md made from it."""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.rivals import versions
from benchmarks.rows import Row
from benchmarks.stage import Size

RESULTS, PAGE = Path("benchmarks", "results.json"), Path("docs", "performance.md")
ORDER = ("limit", "singles", "batches", "rivals", "healthz", "reading", "herd", "watching", "saturday", "small_machine")
PAGE_TEXT = """\
# Performance

How fast Canvass is, beside what the same machine can do at best and beside others that take a record a request. All
of it is written by the benchmark itself, which anybody can repeat:

    python3 app.py bench                  all but the last Saturday, about a quarter of an hour
    python3 app.py bench singles herd     only these
    python3 app.py bench saturday         half an hour of the last Saturday before an election
    python3 app.py bench --help           how many rounds, phones and watchers, which engines, which disk

It needs nothing but Python: what it measures against is installed into `.environment/` as all else is. With a C
compiler (`cc`) it also measures on a slow disk, and with wrk on the path (`apt-get install wrk`) it shows what its own
load generator costs.

Everything runs on one machine: the server, the database and those who ask. What is compared is measured in turn, in
five rounds, or three of what takes long. A figure is the median of the rounds, and a ratio the median of each round's
own, so ratios can be trusted where figures cannot: a neighbour or a slow disk disturbs both sides. `slow` is SQLite on
a disk whose every sync takes {sync_ms} ms longer, as on cheap servers. Timings are no part of the tests; nothing fails
because of them.

{chapters}"""
CHAPTER = """\
## {title}

{about}

{table}

{facts}
"""


def keep(output: Path, name: str, rows: Sequence[Row], missing: str, size: Size) -> None:
    """Put a measurement's rows in the place of its former ones, in the results and on the page."""
    file = output / RESULTS
    known: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    known[name] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "size": asdict(size),
        "machine": machine(),
        "missing": missing,
        "rows": [row.as_json() for row in rows],
    }
    for path, text in ((file, json.dumps(known, indent=1, ensure_ascii=False) + "\n"), (output / PAGE, page(known))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def page(known: dict[str, Any]) -> str:
    """docs/performance.md."""
    chapters = [_chapter(name, known[name]) for name in ORDER if name in known]
    sync_ms = max((one["size"]["sync_ms"] for one in known.values()), default=0)
    return PAGE_TEXT.format(sync_ms=sync_ms, chapters="\n".join(chapters))


def cells(row: Row) -> tuple[str, ...]:
    """The row's words: name, engine, figure, reference and its name, ratio, goal, and what became of it."""
    least = "at most" if row.is_most else "at least"
    verdict = {True: "reached", False: "not reached", None: ""}[row.is_reached]
    return (
        row.name,
        row.engine,
        f"{_number(row.value)} {row.unit}".strip(),
        row.against.name if row.against else "",
        _number(row.against.value) if row.against else "",
        f"{row.against.ratio:.3g}" if row.against else "",
        "" if row.goal is None else f"{least} {row.goal:g} {'' if row.against else row.unit}".strip(),
        ", ".join(filter(None, [verdict, row.note])),
    )


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _chapter(name: str, one: dict[str, Any]) -> str:
    module = importlib.import_module(f"benchmarks.{name}")
    rows = [Row.from_json(row) for row in one["rows"]]
    lines = [" | ".join(cells(row)) for row in rows]
    table = ["| | engine | figure | against | its figure | ratio | goal | |", "| --- |" + " --- |" * 7]
    table += [f"| {line} |" for line in lines]
    if one["missing"]:
        table += ["", f"Not measured: {one['missing']}."]
    facts = (
        f"Measured on {datetime.fromisoformat(one['measured_at']):%d %B %Y}{_unusual(one['size'])}: {one['machine']}."
    )
    return CHAPTER.format(title=module.TITLE, about=module.ABOUT, table="\n".join(table), facts=facts)


def _unusual(size: dict[str, float]) -> str:
    """What of the size is not the usual, as options."""
    usual = asdict(Size())
    words = [f"--{name.replace('_', '-')} {value:g}" for name, value in size.items() if value != usual[name]]
    return f" with `{' '.join(words)}`" if words else ""


# The machine


def machine() -> str:
    """The machine and what it measured with, in a line."""
    model = re.search(r"model name\s*: (.+)", _text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal: +(\d+)", _text("/proc/meminfo"))
    parts = [
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()})",
        f"{int(memory[1]) / 1e6:.0f} GB" if memory else "",
        platform.system(),
        f"Python {platform.python_version()}",
        f"granian {metadata.version('granian')}",
        f"Flask {metadata.version('flask')}",
        f"SQLAlchemy {metadata.version('sqlalchemy')}",
        *_engines(),
        *versions(),
        _commit(),
    ]
    return ", ".join(filter(None, parts))


def _engines() -> list[str]:
    from canvass.core.sqlite import sqlite3

    found = [f"SQLite {sqlite3.sqlite_version}"]
    if programs := os.environ.get("CANVASS_TEST_POSTGRES_BIN"):
        said = subprocess.run([f"{programs}/postgres", "--version"], capture_output=True, text=True).stdout
        found += [f"PostgreSQL {version}" for version in re.findall(r"PostgreSQL\) ([\d.]+)", said)]
    return found


def _commit() -> str:
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    except OSError:
        return ""
    return f"commit {done.stdout.strip()}" if done.stdout else ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
