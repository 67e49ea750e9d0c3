"""The words of the interface: one way to write each thing, and no word that means two."""

from __future__ import annotations

import re

from babel.messages.pofile import read_po

from canvass.core.settings import ROOT

# What is not written, and what is written instead.
INSTEAD = {
    r"\bi dag\b": "idag",
    r"\bi morgon\b": "imorgon",
    r"\bkl\. ": "18:00",
    r"\b\d\d?\.\d\d\b": "18:00",
    r"\b[Ss]täll(a|er)? in\b": "avlys for a shift that is not held, välj for what a phone chooses",
    r"\b[Bb]örja logga\b": "gå med: it stands beside logga in",
    r"\bplanen utan pass\b": "there is one plan",
}


def sentences() -> list[str]:
    with (ROOT / "translations" / "en.po").open("rb") as file:
        catalogue = read_po(file)
    return [text for one in catalogue for text in ([one.id] if isinstance(one.id, str) else one.id) if text]


def wrong(texts: list[str]) -> list[tuple[str, str]]:
    return [(text, instead) for text in texts for found, instead in INSTEAD.items() if re.search(found, text)]


def test_each_thing_is_written_in_one_way() -> None:
    assert wrong(sentences()) == []


def test_what_was_read_twice_by_people_would_be_found() -> None:
    planted = ["Planen säger 5 till i dag", "Ställ in passet", "Sedan kl. 18", "Klockan 18.30", "Börja logga"]
    assert [text for text, _instead in wrong(planted)] == planted
    assert wrong(["Passet är inställt", "Inställningar", "idag", "18:30"]) == []
