"""The tree: what lies beneath what, and who sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from canvass.core import audit
from canvass.core.refusals import Refused
from canvass.members import organisations, people, sweden
from canvass.members.people import Person
from tests.cast import Cast
from tests.members.tree import line, named

SignedIn = Callable[[Person], FlaskClient]


def test_an_organisation_stands_beneath_a_higher_level_only(cast: Cast) -> None:
    with pytest.raises(Refused, match="Arbetarekommun kan inte ligga under S-förening"):
        organisations.add("municipal", "Vikbolandet", cast.hageby)
    with pytest.raises(Refused, match="Välj en nivå"):
        organisations.add("county", "Östergötland", None)


def test_two_of_the_same_name_cannot_stand_side_by_side(cast: Cast) -> None:
    with pytest.raises(Refused, match="heter Hageby s-förening"):
        organisations.rename(cast.ektorp, " Hageby  s-förening ")
    with pytest.raises(Refused, match="Skriv ett namn"):
        organisations.rename(cast.ektorp, "  ")


def test_an_organisation_cannot_be_moved_beneath_itself(cast: Cast) -> None:
    with pytest.raises(Refused, match="under sig själv"):
        organisations.move(cast.norrkoping, cast.hageby)


def test_a_move_takes_along_all_that_lies_beneath(cast: Cast) -> None:
    organisations.move(cast.norrkoping, named("Göteborgsområdet", "district"), by=cast.adam.id)
    assert line(cast.hageby) == ["Hageby s-förening", "Norrköping", "Göteborgsområdet"]
    assert not organisations.is_beneath(cast.hageby.id, cast.ostergotland.id)
    assert audit.broken_at() is None


def test_a_leader_sees_their_part_of_the_tree(cast: Cast, signed_in: SignedIn) -> None:
    text = signed_in(cast.bo).get("/organisations").text
    assert "Norrköping" in text
    assert "Hageby s-förening" in text
    assert "Linköping" not in text
    assert "Partille" not in text


def test_the_whole_country_is_shown_in_two_levels(cast: Cast, signed_in: SignedIn) -> None:
    sweden.add_missing()
    people.grant(cast.adam, "admin", named("Partiet", "national"))
    answer = signed_in(cast.adam).get("/organisations")
    assert answer.text.count("<details>") == 26
    assert "Arjeplog" in answer.text
    assert "Hageby s-förening" not in answer.text  # counted at Norrköping, listed on its page
    assert "13 arbetarekommuner, 2 s\N{NON-BREAKING HYPHEN}föreningar" in answer.text
    assert len(answer.data) < 120_000


def test_a_search_finds_by_part_of_the_name_and_by_code(cast: Cast, signed_in: SignedIn) -> None:
    adam = signed_in(cast.adam)
    found = adam.get("/organisations?q=HAGEBY").text
    assert "1 träff<" in found
    assert "Östergötland › Norrköping" in found
    assert "Ektorp" not in found
    assert "Norrköping" in adam.get("/organisations?q=0581").text
    assert "Ingen träff" in adam.get("/organisations?q=partille").text


def test_an_organisations_page_tells_who_and_what_belongs_there(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    text = bo.get(f"/organisations/{cast.norrkoping.id}").text
    for expected in (
        "Arbetarekommun",
        "0581",
        "2 s\N{NON-BREAKING HYPHEN}föreningar",
        "Cia",
        "Styrelse",
        "Vårkampanjen",
        "3 områden i bruk",
    ):
        assert expected in text
    assert "Byt namn" not in text
    # Those above take it along in theirs, those beneath are in its branch.
    assert "Vårkampanjen" in bo.get(f"/organisations/{cast.hageby.id}").text
    assert "Vårkampanjen" in signed_in(cast.adam).get(f"/organisations/{cast.ostergotland.id}").text
    assert "Vårkampanjen" not in signed_in(cast.adam).get(f"/organisations/{cast.linkoping.id}").text
    assert "1 samtalare" in bo.get(f"/organisations/{cast.hageby.id}").text


def test_the_views_of_the_tree_are_closed_to_others(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    page = f"/organisations/{cast.norrkoping.id}"
    assert stranger.get("/organisations").status_code == 303
    assert stranger.get(page).headers["Location"].startswith("/sign-in?next=")
    assert signed_in(cast.esa).get(page).status_code == 404
    assert signed_in(cast.alva).get(page).status_code == 403
    assert signed_in(cast.alva).get("/organisations").status_code == 403
    # What stands above is known to be there, but is not theirs to look into.
    assert signed_in(cast.bo).get(f"/organisations/{cast.ostergotland.id}").status_code == 403
    assert signed_in(cast.bo).get("/organisations/none").status_code == 404
