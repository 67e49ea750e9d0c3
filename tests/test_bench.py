"""The benchmark runs, at a size at which it says nothing about speed; and what it says is worked out right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import bench, load, pages
from benchmarks.rows import Found, Reference, Row, percentile
from benchmarks.stage import Size, Stage
from benchmarks.watching import UNSEEN, delays
from canvass.core.settings import ROOT

TINY = {"rounds": 1, "seconds": 0.2, "phones": 6, "watchers": 8, "most-watchers": 10, "screens": 4, "minutes": 0.02}
# Not the rivals: they would be installed for it.
MEASURED = [name for name in bench.ALL if name != "rivals"]


def test_every_measurement_runs_and_is_kept(folder: Path) -> None:
    """One run of all of them, each answer right and every counter right afterwards."""
    output = folder / "bench"
    output.mkdir()
    words = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "app.py", "bench", *MEASURED, "--engines", "sqlite", "--folder", str(folder), *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*command, "--output", str(output)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

    known = json.loads((output / pages.RESULTS).read_text("utf-8"))
    page = (output / pages.PAGE).read_text("utf-8")
    assert sorted(known) == sorted(MEASURED)
    for name, one in known.items():
        assert one["missing"] == "", name
        assert one["rows"], name
        assert f"## {bench.module(name).TITLE}\n" in page
        assert "wrong" not in "".join(row["note"] for row in one["rows"]), one["rows"]
    assert [row["value"] for one in known.values() for row in one["rows"] if "amiss" in row["name"]] == [0, 0, 0]
    assert "| six associations: errors shown | sqlite | 0 |" in page
    assert "| one association: requests timed out | sqlite | 0 |" in page


def test_a_measurement_brings_those_it_compares_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench._with_needs(["rivals"]) == {"rivals", "singles", "batches", "limit"}
    with pytest.raises(SystemExit):
        bench.main(["single"], postgres=str, rivals=str)
    assert "single is none of limit, singles" in capsys.readouterr().err


def test_a_trial_that_fails_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail() -> dict[str, float]:
        raise RuntimeError("the server\nstopped")

    def trials(_stage: Stage) -> dict[tuple[str, str], object]:
        return {("bad", "sqlite"): lambda: fail, ("good", "sqlite"): lambda: lambda: {"rate": 1.0}}

    monkeypatch.setattr(bench, "module", lambda _name: SimpleNamespace(trials=trials))
    found = Found()
    bench._rounds(Stage(tmp_path, Size(rounds=2), ()), ["limit"], found)
    assert found.missing == {"limit": ["bad sqlite: the server stopped"]}
    assert found.median("good", "sqlite") == 1


def test_what_a_machine_lacks_is_said_and_the_rest_is_kept(tmp_path: Path) -> None:
    row = Row("1 at once", "sqlite", 72.0, "operations/s", Reference("the limit", 4300.0, 0.0167), goal=0.25)
    pages.keep(tmp_path, "singles", [row], "singles 1 slow: there is no C compiler", Size())
    pages.keep(tmp_path, "herd", [], "", Size())
    page = (tmp_path / pages.PAGE).read_text("utf-8")
    line = "| 1 at once | sqlite | 72 operations/s | the limit | 4 300 | 0.0167 | at least 0.25 | not reached |"
    assert line in page
    assert "Not measured: singles 1 slow: there is no C compiler." in page
    assert page.index("## One operation a request") < page.index("## Everybody at once")


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    """The disk is ten times slower in the second half of the rounds, for both."""
    found = Found()
    for ours, limit in ((50.0, 100.0), (60.0, 100.0), (5.0, 10.0), (4.0, 10.0), (6.0, 10.0)):
        found.add(("singles 1", "sqlite"), {"rate": ours})
        found.add(("limit", "sqlite"), {"rate": limit})
    assert found.against("the limit", ("singles 1", "sqlite"), ("limit", "sqlite")) == Reference("the limit", 10.0, 0.5)
    assert found.against("the limit", ("singles 1", "sqlite"), ("limit", "slow")) is None


@pytest.mark.parametrize(
    ("row", "is_reached"),
    [
        (Row("", "", 19.0, "ms", goal=20.0, is_most=True), True),
        (Row("", "", 21.0, "ms", goal=20.0, is_most=True), False),
        (Row("", "", 1000.0, "", Reference("", 4300.0, 0.23), goal=0.25), False),
        (Row("", "", 1000.0, "", Reference("", 4000.0, 0.25), goal=0.25), True),
        (Row("", "", 1.0, "", goal=0, is_most=True), False),
        (Row("", "", 5.0, ""), None),
    ],
)
def test_a_goal_is_the_ratios_where_there_is_one(row: Row, is_reached: bool | None) -> None:
    assert row.is_reached is is_reached
    assert Row.from_json(json.loads(json.dumps(row.as_json()))) == row


def test_answers_are_read_whole_in_pieces_and_in_chunks() -> None:
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    chunked = b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbo\n\r\n2\r\ndy\r\n0\r\n\r\n"
    assert load.read(plain) == (200, b"body")
    assert load.read(chunked) == (503, b"bo\ndy")
    assert load.read(b"HTTP/1.1 304 Not Modified\r\n\r\n") == (304, b"")
    assert [load.read(text[:end]) for text in (plain, chunked) for end in range(len(text))] == [None] * (
        len(plain) + len(chunked)
    )
    with pytest.raises(load.NoAnswer):
        load.read(b"HTTP/1.1 200 OK\r\n\r\nbody")


def test_a_delay_ends_with_the_first_total_that_includes_the_post() -> None:
    shown = [[1.0, 100], [2.0, 101], [3.0, 103]]
    assert delays([1.5, 2.25, 2.5], [shown, []]) == [0.5, 0.75, 0.5]
    assert delays([1.5, 2.25, 2.5, 2.75], [shown])[-1] == UNSEEN


def test_percentiles() -> None:
    assert percentile([], 99) == 0
    assert percentile([3.0, 1.0, 2.0], 50) == 2
    assert percentile([float(n) for n in range(1, 101)], 99) == 100
