"""The files that a board has of earlier years, each with its right answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from canvass.board.earlier_years import files, previews
from canvass.board.earlier_years.previews import Preview
from canvass.core import db
from canvass.members import organisations
from canvass.members.organisations import Organisation
from tests.board.earlier_years.common import SignedIn, upload
from tests.cast import Cast

DATA = Path(__file__).parent / "data"
THREE = [("Norrköping", 2022, 4215, 4000), ("Malmö", 2022, 11873, 12000), ("Åstorp", 2022, 640, 700)]


@pytest.fixture
def party(cast: Cast) -> Organisation:
    """Östergötland with two more municipalities beneath it, wherever they may lie."""
    for name in ("Malmö", "Åstorp"):
        organisations.add("municipal", name, cast.ostergotland)
    db.session.flush()
    return cast.ostergotland


def case(party: Organisation, name: str) -> Preview:
    return previews.preview(party, files.read((DATA / name).read_bytes()))


def figures(preview: Preview) -> list[tuple[str, int | None, int | None, int | None]]:
    return [(row.name, row.year, row.conversations, row.target) for row in preview.taken]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("00-control-cp1252.csv", 3),
        ("00-control-cr-only.csv", 3),
        ("00-control-excel-sv.csv", 3),
        ("00-control-nbsp.csv", 2),
        ("40-excel-unicode-text.txt", 3),
        ("41-blank-first-line.csv", 3),
        ("42-nfd-from-a-mac.csv", 3),
        ("43-vertical-tab-in-name.csv", 3),
        ("47-election-day-as-year.csv", 3),
        ("48-scientific-numbers.csv", 1),
    ],
)
def test_a_file_is_read_as_it_was_meant(party: Organisation, name: str, number: int) -> None:
    preview = case(party, name)
    assert figures(preview) == THREE[:number]
    assert (preview.faulty, preview.aside) == ([], [])


def test_a_column_for_each_year_is_a_row_for_each_year(party: Organisation) -> None:
    preview = case(party, "44-years-as-columns.csv")
    assert figures(preview) == [
        ("Norrköping", 2014, 2900, None),
        ("Norrköping", 2018, 3710, None),
        ("Norrköping", 2022, 4215, None),
        ("Malmö", 2014, 9950, None),
        ("Malmö", 2022, 11873, None),
    ]
    assert preview.faulty == []


def test_a_sum_and_a_note_are_named_and_left_out(party: Organisation) -> None:
    preview = case(party, "45-sum-row-and-footnote.csv")
    assert figures(preview) == THREE
    assert [(row.name, row.outcome) for row in preview.aside] == [("Totalt", "sum"), ("* Uppskattat", "text")]
    assert preview.faulty == []


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_every_file_leads_to_a_preview(cast: Cast, party: Organisation, signed_in: SignedIn, name: str) -> None:
    client = signed_in(cast.adam)
    answer = upload(client, party, (DATA / name).read_bytes())
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert "Läs in" in page
    assert "felaktig" not in page.partition("<main")[2].replace("Felaktiga", "")
