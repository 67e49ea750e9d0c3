"""What a role allows and where, without a browser."""

from __future__ import annotations

import re

import pytest

from canvass.core.settings import ROOT
from canvass.members import access, organisations, people
from tests.cast import Cast


def test_a_role_reaches_down_and_neither_up_nor_sideways(cast: Cast) -> None:
    reached = {
        who.name: {
            node.name
            for node in (cast.ostergotland, cast.norrkoping, cast.hageby, cast.ektorp, cast.linkoping, cast.partille)
            if access.may(who, "campaign.see", node.id)
        }
        for who in (cast.alva, cast.bo, cast.adam, cast.esa)
    }
    assert reached == {
        "Alva": {"Hageby s-förening"},
        "Bo": {"Norrköping", "Hageby s-förening", "Ektorp s-förening"},
        "Adam": {"Östergötland", "Norrköping", "Hageby s-förening", "Ektorp s-förening", "Linköping"},
        "Esa": {"Partille"},
    }


def test_two_roles_in_two_places_do_not_mix(cast: Cast) -> None:
    """Leader in Hageby and board in Partille is leader in Hageby only."""
    people.grant(cast.alva, "leader", cast.hageby)
    people.grant(cast.alva, "board", cast.partille)
    assert access.may(cast.alva, "campaign.edit", cast.hageby.id)
    assert not access.may(cast.alva, "campaign.edit", cast.partille.id)
    assert access.may(cast.alva, "report.export", cast.partille.id)
    assert not access.may(cast.alva, "campaign.edit", cast.norrkoping.id)


def test_what_is_moved_is_reached_from_its_new_place(cast: Cast) -> None:
    organisations.move(cast.hageby, cast.linkoping)
    assert not access.may(cast.bo, "campaign.see", cast.hageby.id)
    assert access.may(cast.adam, "campaign.see", cast.hageby.id)


def test_an_unknown_action_is_allowed_to_nobody(cast: Cast) -> None:
    assert not access.may(cast.adam, "everything", cast.ostergotland.id)
    assert not access.may_anywhere(cast.adam, "everything")
    assert access.nodes(cast.adam, "everything") == []
    with pytest.raises(access.Forbidden):
        access.require(cast.adam, "everything", cast.ostergotland.id)


def test_every_right_is_asked_for_and_everything_asked_for_is_a_right() -> None:
    """A right that nothing asks for, or a question that no right answers, is a slip of the pen."""
    asking = re.compile(
        r"\b(?:may|may_anywhere|require|find|nodes|reach|tops)\([^()]*(?:\(\)[^()]*)*?[\"'](\w+\.\w+)[\"']"
    )
    files = [*(ROOT / "canvass").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    texts = [path.read_text("utf-8") for path in files if path.name != "access.py"]
    assert {action for text in texts for action in asking.findall(text)} <= access.ACTIONS
    unasked = {action for action in access.ACTIONS if not any(f'"{action}"' in text for text in texts)}
    assert unasked - {"campaign.see"} == set()  # what access.py itself asks for when nothing else is said
