"""Previews: which organisation a row is about, and what is wrong with it."""

from __future__ import annotations

import pytest

from canvass.board.earlier_years import results
from canvass.fieldwork import campaigns
from canvass.members import organisations
from tests.board.earlier_years.common import SignedIn, previewed, upload
from tests.cast import Cast


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Hage by", ""),
        ("Hage-by", ""),
        ("Hageby s-förening", ""),
        ("HAGEBY", ""),
        ("  hageby   s-förening ", ""),
        ("Hagebys s-förening", ""),
    ],
)
def test_an_association_is_known_by_its_name(cast: Cast, typed: str, code: str) -> None:
    assert previewed(cast, organisation=typed, code=code).organisation == cast.hageby


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Norrköping", ""),
        ("Norrköpings arbetarekommun", ""),
        ("", "0581"),
        ("", "581"),
        ("Norrköping", "581"),
        ("", "581.0"),
    ],
)
def test_a_municipal_organisation_is_known_by_name_or_code(cast: Cast, typed: str, code: str) -> None:
    assert previewed(cast, organisation=typed, code=code).organisation == cast.norrkoping


@pytest.mark.parametrize(
    ("row", "outcome", "sentence"),
    [
        ({"organisation": "Hagebi"}, "unmatched", "Finns inte här. Menas Hageby s-förening?"),
        ({"organisation": "Kiruna"}, "unmatched", "Finns inte här."),
        ({"organisation": "Linköping"}, "unmatched", "Finns inte här. Menas Norrköping?"),
        ({"organisation": "", "code": "0580"}, "unmatched", "Ingen organisation här har koden 0580."),
        ({"organisation": ""}, "unmatched", "Organisation saknas."),
        ({"code": "0581"}, "unmatched", "Koden hör till Norrköping men namnet till Hageby s-förening."),
        ({"year": "2026"}, "unreadable", "Året ska vara mellan 1990 och 2025."),
        ({"year": "i fjol"}, "unreadable", "Året ska vara mellan 1990 och 2025."),
        ({"conversations": "många"}, "unreadable", "Antalet samtal går inte att läsa: ”många”."),
        ({"conversations": "99999999"}, "unreadable", "Antalet samtal går inte att läsa: ”99999999”."),
        ({"target": "högt"}, "unreadable", "Målet går inte att läsa: ”högt”."),
        ({"channel": "brevduva"}, "unreadable", "Sättet är okänt: ”brevduva”."),
    ],
)
def test_a_faulty_row_gets_a_sentence(cast: Cast, row: dict[str, str], outcome: str, sentence: str) -> None:
    found = previewed(cast, **row)
    assert (found.outcome, found.sentence) == (outcome, sentence)


def test_a_name_that_may_be_several_is_not_guessed(cast: Cast) -> None:
    organisations.add("association", "Norrköpings s-förening", cast.norrkoping)
    cast.norrkoping.name = "Norrköpings arbetarekommun"
    found = previewed(cast, organisation="Norrköping")
    assert found.sentence == "Flera kan menas: Norrköpings arbetarekommun, Norrköpings s-förening."


def test_two_of_one_name_are_asked_about(cast: Cast, signed_in: SignedIn) -> None:
    """The name alone would not help: they are told apart by what is above them."""
    partille = organisations.add("municipal", "Partille", cast.ostergotland)
    twin = organisations.add("association", "Hageby s-förening", partille)
    client = signed_in(cast.adam)
    content = "Förening;2024;2025\nHageby;7;8\nEktorp;9;\n"
    address = upload(client, cast.ostergotland, content).headers["Location"]
    page = client.get(address).text
    assert "Flera kan menas: Hageby s-förening (Norrköping), Hageby s-förening (Partille)." in page
    assert page.count("Vilken organisation menas på rad 2?") == 1
    answer = client.post(f"{address}/confirm")
    assert answer.status_code == 422
    assert client.post(f"{address}/confirm", data={"line-2": cast.ektorp.id}).status_code == 422
    assert client.post(f"{address}/confirm", data={"line-2": twin.id}).status_code == 303
    assert results.results([cast.hageby.id, twin.id, cast.ektorp.id], 2024) == {twin.id: 7, cast.ektorp.id: 9}
    assert results.results([cast.hageby.id, twin.id], 2025) == {twin.id: 8}


def test_a_sum_is_an_organisation_when_one_is_called_so(cast: Cast) -> None:
    organisations.add("association", "Summa s-förening", cast.norrkoping)
    assert previewed(cast, organisation="Summa").outcome == "new"
    assert previewed(cast, organisation="Totalt").outcome == "sum"


def test_every_way_of_talking_has_its_words(cast: Cast) -> None:
    for channel in campaigns.CHANNELS:
        for word in (channel, campaigns.channel_name(channel), campaigns.channel_name(channel).upper()):
            assert previewed(cast, channel=word).channel == channel
    assert [previewed(cast, channel=word).channel for word in ("", "alla", "Totalt")] == ["", "", ""]
