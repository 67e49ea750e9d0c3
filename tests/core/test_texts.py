"""Text from outside is written one way, and names are listed as people count and spell."""

from __future__ import annotations

import unicodedata

import pytest

from canvass.core import i18n, texts


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (unicodedata.normalize("NFD", "Åkerby östra"), "Åkerby östra"),
        ("\N{ANGSTROM SIGN}kerby", "Åkerby"),
        ("O'Learys kvarter & <b>Co</b> =1+1", "O'Learys kvarter & <b>Co</b> =1+1"),
        ("\u0645\u06cc\u200c\u062f\u0627\u0646", "\u0645\u06cc\u200c\u062f\u0627\u0646"),  # a joiner in Persian
        ("Gården \U0001f468\u200d\U0001f469\u200d\U0001f467", "Gården \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,  # the flag of Scotland
        ("\u202eomvänd\u202c \u2066isolerad\u2069", "omvänd isolerad"),
        ("\u200eHageby\u200f \u200d", "Hageby"),
        ("Hage\u200bby\ufeff\u00ad\x00\ud800", "Hageby"),
        ("Hage\U000e0041by", "Hageby"),
        ("Norr\x0bSöder\u2028 Väst\x85Öst\r\nMitt\tNära\u00a0Långt", "Norr Söder Väst Öst Mitt Nära Långt"),
    ],
)
def test_what_is_seen_of_a_name_is_kept_and_the_rest_goes(written: str, kept: str) -> None:
    assert texts.line(written) == kept
    assert texts.line(kept) == kept


def test_lines_stay_lines_where_there_may_be_several() -> None:
    assert texts.tidy("ett\r\ntva\u030a\rtre\u2028fyra\x00") == "ett\ntvå\ntre\nfyra"


def test_names_are_compared_without_case_however_they_are_written() -> None:
    assert texts.folded(unicodedata.normalize("NFD", "ÅKERBY  Östra")) == texts.folded("åkerby östra")


def test_numbers_are_listed_as_people_count() -> None:
    names = [f"Distrikt {number}" for number in range(1, 13)]
    assert sorted(names, key=i18n.sort_key) == names
    names = ["Rote 2a", "Rote 2b", "Rote 10", "Rote 010b", "Rote 10 norra", "Rote 100"]
    assert sorted(names, key=i18n.sort_key) == [
        "Rote 2a",
        "Rote 2b",
        "Rote 10",
        *names[4:5],
        names[3],
        names[5],
    ]


def test_swedish_letters_come_last_and_accents_beside_their_letter() -> None:
    names = ["1 maj", "Ana", "Ça va", "Cea", "É", "Ek", "İstanbul", "Ivar", "Ñandú", "Nea", "Über", "Zon", "Ådal", "Ǻn"]
    names += ["Åz", "Äng", "Æra", "Öby", "Øra", "Öz"]
    assert sorted(names, key=i18n.sort_key) == [*names[:2], "Ça va", *names[3:10], "Über", *names[11:]]
    decomposed = [unicodedata.normalize("NFD", name) for name in names]
    assert [i18n.sort_key(name) for name in decomposed] == [i18n.sort_key(name) for name in names]
