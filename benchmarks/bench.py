"""`python3 app.py bench`: runs the measurements, prints their rows, and keeps them in files, see `pages`."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from types import ModuleType

from benchmarks import pages, servers, stage
from benchmarks.rivals import FOLDER
from benchmarks.rows import Found, Key, Row
from benchmarks.stage import ENGINES, Size, Stage

# Measured in turn with one another, round by round; each group begins with fresh servers.
GROUPS = (
    ("limit", "singles", "batches", "healthz", "reading", "rivals"),
    ("herd",),
    ("watching",),
    ("small_machine",),
)
BY_NAME_ONLY = (("saturday",),)  # it takes half an hour
ALL = tuple(name for group in (*GROUPS, *BY_NAME_ONLY) for name in group)
# What one trial may fail with; the others are measured all the same.
FAILURES = (RuntimeError, OSError, subprocess.SubprocessError)


def main(arguments: Sequence[str], *, postgres: Callable[[], str], rivals: Callable[[], str]) -> int:
    """Measure what is asked for; returns the exit code. `postgres` and `rivals` install those where they are needed."""
    options = _options(arguments)
    size = Size(**{one.name: getattr(options, one.name) for one in fields(Size)})
    chosen = _with_needs(options.names or [name for group in GROUPS for name in group])
    if stage.POSTGRESQL in options.engines:
        _obtain("CANVASS_TEST_POSTGRES_BIN", postgres)
    if "rivals" in chosen:
        _obtain(FOLDER, rivals)
    began = time.monotonic()
    with _folder(options.folder) as folder, closing(Stage(folder, size, tuple(options.engines))) as here:
        for group in (*GROUPS, *BY_NAME_ONLY):
            if names := [name for name in group if name in chosen]:
                _measure(here, names, options.output)
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes. {options.output / pages.PAGE} tells what each row means.")
    return 0


def _obtain(name: str, how: Callable[[], str]) -> None:
    """Note in the environment where it is; without it the rest is measured."""
    try:
        if name not in os.environ:
            os.environ[name] = how()
    except SystemExit as reason:
        print(f"NOTE: {reason}", file=sys.stderr)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """A folder for the databases, on a disk: many systems keep /tmp in memory, where a commit costs nothing."""
    usual = Path("/var/tmp")
    with tempfile.TemporaryDirectory(
        prefix="canvass-bench-", dir=given or (usual if usual.is_dir() else None), ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else where we are root
        yield Path(name)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 app.py bench", description=f"Measurements: {', '.join(ALL)}. All but saturday, if none is named."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--engines", default=",".join(ENGINES), type=lambda text: text.split(","))
    parser.add_argument("--folder", type=Path, help="where the databases are put: /var/tmp if there is one")
    parser.add_argument("--output", type=Path, default=servers.ROOT, help="where benchmarks/ and docs/ are written")
    for one in fields(Size):
        name, usual = f"--{one.name.replace('_', '-')}", getattr(Size(), one.name)
        parser.add_argument(name, type=type(usual), default=usual, metavar="N", help=f"{usual:g} if nothing is said")
    options = parser.parse_args(arguments)
    for word, known in [*((name, ALL) for name in options.names), *((engine, ENGINES) for engine in options.engines)]:
        if word not in known:
            parser.error(f"{word} is none of {', '.join(known)}")
    return options


def module(name: str) -> ModuleType:
    """The measurement with this name."""
    return importlib.import_module(f"benchmarks.{name}")


def _with_needs(names: Sequence[str]) -> set[str]:
    """The measurements, and those whose figures they compare with."""
    chosen = set(names)
    while more := {need for name in chosen for need in getattr(module(name), "NEEDS", ())} - chosen:
        chosen |= more
    return chosen


def _measure(here: Stage, names: list[str], output: Path) -> None:
    """Run these in turn, print their rows, and put them on the page."""
    found = Found()
    try:
        _rounds(here, names, found)
    finally:
        here.clear()
    for name in names:
        rows, missing = module(name).rows(found), "; ".join(found.missing.get(name, []))
        print(table(module(name).TITLE, rows, missing), flush=True)
        pages.keep(output, name, rows, missing, here.size)


def _rounds(here: Stage, names: list[str], found: Found) -> None:
    trials: list[tuple[str, Key, Callable[[], dict[str, float]]]] = []
    for name in names:
        for key, prepare in module(name).trials(here).items():
            try:
                trials.append((name, key, prepare()))
            except FAILURES as error:
                found.lacks(name, key, error)
    for number in range(here.size.rounds):
        for name, key, once in list(trials):
            if number >= getattr(module(name), "MOST_ROUNDS", number + 1):
                continue
            _say(f"round {number + 1}: {name}, {' '.join(key)}")
            try:
                found.add(key, once())
            except FAILURES as error:
                found.lacks(name, key, error)
                trials.remove((name, key, once))
    _say("")


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{what:<79}\r", end="", file=sys.stderr, flush=True)


HEAD = ("", "engine", "figure", "against", "", "ratio", "goal", "")


def table(title: str, rows: Sequence[Row], missing: str) -> str:
    """The rows as text."""
    cells = [HEAD, *(pages.cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([f"\n{title}", *lines, *([f"Not measured: {missing}"] if missing else [])])
