"""Tables of any length: labels that are formatted once, memory that does not grow, and sheets that continue."""

from __future__ import annotations

import tempfile
import tracemalloc
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.core import sheets
from tests.core.tables import book, csv_rows, texts


def test_what_one_sheet_has_no_room_for_continues_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    made = book([[1], [2], [3], [4], [5]], ["x"], notes=[("a", "b")])
    assert made.sheetnames == ["Totaler", "Totaler 2", "Totaler 3", "Om filen"]
    read = [[cell.value for cell in sheet["A"]] for sheet in made.worksheets[:3]]
    assert read == [["x", 1, 2], ["x", 3, 4], ["x", 5]]
    assert [sheet.auto_filter.ref for sheet in made.worksheets[:3]] == ["A1:A3", "A1:A3", "A1:A2"]
    assert [sheet.freeze_panes for sheet in made.worksheets[:3]] == ["A2", "A2", "A2"]


def test_a_full_sheet_is_not_followed_by_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    assert book([[1], [2]], ["x"]).sheetnames == ["Totaler"]
    assert book([[n] for n in range(4)], ["x"], title="x" * 40).sheetnames == ["x" * 31, "x" * 29 + " 2"]


def test_memory_does_not_grow_with_the_rows() -> None:
    def most(rows: int) -> int:
        label = sheets.Label("Hageby norra", "H1")
        tracemalloc.reset_peak()
        before, _peak = tracemalloc.get_traced_memory()
        for _piece in sheets.csv_bytes(["Område", "Kod", "Försök"], ([label, n] for n in range(rows))):
            pass
        with tempfile.TemporaryFile() as file:
            sheets.write_xlsx(file, "x", ["Område", "Kod", "Försök"], ([label, n] for n in range(rows // 10)))
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        most(1_000)
        assert most(60_000) < most(6_000) + 100_000
    finally:
        tracemalloc.stop()


def test_a_label_is_its_cells() -> None:
    trap = sheets.Label("=1+1", "H;1", None, date(2026, 5, 6))
    rows: list[sheets.Row] = [[trap, 1], [trap, 2], [sheets.Label("a", "b", 0.5, True), 3]]
    assert csv_rows(rows, list("abcde"))[1:] == [
        ["'=1+1", "H;1", "", "2026-05-06", "1"],
        ["'=1+1", "H;1", "", "2026-05-06", "2"],
        ["a", "b", "0,5", "Ja", "3"],
    ]
    sheet = book(rows, list("abcde")).worksheets[0]
    assert [(cell.value, cell.data_type) for cell in sheet["A"][1:]] == [("=1+1", "s"), ("=1+1", "s"), ("a", "s")]
    assert sheet["A3"].quotePrefix
    assert [cell.value for cell in sheet[4]] == ["a", "b", 0.5, "Ja", 3]


def test_a_label_is_formatted_once() -> None:
    class Counted(str):
        asked = 0

        def replace(self, *how: Any) -> str:
            Counted.asked += 1
            return str(self).replace(*how)

    label = sheets.Label(Counted("Hageby"))
    assert len(csv_rows([[label]] * 1_000, ["x"])) == 1_001
    book([[label]] * 1_000, ["x"])
    assert Counted.asked == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(texts, st.booleans(), st.integers(0, 1), st.floats(0, 1)), max_size=4))
def test_labels_and_cells_are_written_alike(rows: list[tuple[str, bool, int, float]]) -> None:
    wide: list[sheets.Row] = [[sheets.Label(a, b), c, sheets.Label(d)] for a, b, c, d in rows]
    assert csv_rows(wide, list("abcd")) == csv_rows(rows, list("abcd"))
