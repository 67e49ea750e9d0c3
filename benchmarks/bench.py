"""`python3 app.py bench`: runs the measurements, prints a table, and writes benchmarks/results.json and docs/performance.md."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

from benchmarks import pages, servers
from benchmarks.rows import Found, Key, Row
from benchmarks.stage import ENGINES, Missing, Size, Stage

# Measured in turn with one another, round by round; each group begins with fresh servers.
GROUPS = (
    ("limit", "singles", "batches", "healthz", "rivals"),
    ("herd",),
    ("watching",),
    ("small_machine",),
)
BY_NAME_ONLY = (("saturday",),)  # it takes half an hour
ALL = tuple(name for group in (*GROUPS, *BY_NAME_ONLY) for name in group)


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; returns the exit code."""
    options = _options(arguments)
    size = replace(Size(), **{f.name: getattr(options, f.name) for f in fields(Size)})
    chosen = _with_needs(options.names or [name for group in GROUPS for name in group])
    # On a disk: many systems keep /tmp in memory, where a commit costs nothing.
    place = options.folder or next((p for p in (Path("/var/tmp"),) if p.is_dir()), Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix="canvass-bench-", dir=place))
    folder.chmod(0o755)  # PostgreSQL runs as somebody else where we are root
    here = Stage(folder, size, tuple(options.engines))
    began = time.monotonic()
    try:
        for group in (*GROUPS, *BY_NAME_ONLY):
            names = [name for name in group if name in chosen]
            if names:
                _measure(here, names, options.output)
    finally:
        here.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes. {options.output / pages.PAGE} tells what each row means.")
    return 0


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
        rows, missing = module(name).rows(found), found.missing.get(name, "")
        print(table(module(name).TITLE, rows, missing), flush=True)
        pages.keep(output, name, rows, missing, here.size)


def _rounds(here: Stage, names: list[str], found: Found) -> None:
    trials: list[tuple[str, Key, Callable[[], dict[str, float]]]] = []
    for name in names:
        for key, prepare in module(name).trials(here).items():
            try:
                trials.append((name, key, prepare()))
            except Missing as reason:
                found.missing[name] = f"{' '.join(key)}: {reason}"
    for number in range(here.size.rounds):
        for name, key, once in trials:
            if number >= getattr(module(name), "MOST_ROUNDS", number + 1):
                continue
            print(f"\r{f'round {number + 1}: {name}, {key[0]} {key[1]}':<79}\r", end="", file=sys.stderr, flush=True)
            figures = once()
            found.add(key, figures)
    print(f"\r{'':<79}\r", end="", file=sys.stderr, flush=True)


HEAD = ("", "engine", "figure", "against", "", "ratio", "goal", "")


def table(title: str, rows: Sequence[Row], missing: str) -> str:
    """The rows as text."""
    cells = [HEAD, *(pages.cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([f"\n{title}", *lines, *([f"Not measured: {missing}"] if missing else [])])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
