"""Setting targets: all or nothing, never over somebody else's number unseen, and with a history."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from canvass.core import db
from canvass.core.refusals import Refused
from canvass.fieldwork import targets
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.targets import Target
from canvass.insight.targets import revisions
from canvass.insight.targets.revisions import Wish
from canvass.members import people
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast
from tests.insight.targets.common import (
    SignedIn,
    address,
    agreed,
    fields,
    look,
    parts_of,
    plain,
    sum_line,
    wrong_fields,
)


def test_every_number_is_kept_with_who_and_when_and_why(cast: Cast, later: Callable[..., Any]) -> None:
    cast.bo.name = "Bo Ek"
    with later(days=2):
        targets.agree(cast.spring, cast.norrkoping, 6000, note="  det går  bra ", by=cast.bo)
    found = revisions.history(cast.spring, cast.norrkoping.id)
    assert [(one.number, one.before, one.set_by, one.note) for one in found] == [
        (6000, 5000, "Bo", "det går bra"),
        (5000, None, "Adam", ""),
    ]
    assert (found[0].set_at - found[1].set_at).days == 2
    assert revisions.history(cast.spring, cast.hageby.id) == []


def test_a_target_is_raised_and_lowered_in_plain_words(cast: Cast, signed_in: SignedIn) -> None:
    bo, key = signed_in(cast.bo), f"target-{cast.norrkoping.id}"
    sent = {"at": cast.norrkoping.id, f"saw-{key}": "1", key: "6 000", "note": "Det går så bra"}
    bo.post(address(cast), data=sent)
    text = look(bo, address(cast))
    assert text.count("Nu höjer vi till 6 000") == 3  # said once, and told on the page and in the history
    assert "från 5 000" in text
    assert "”Det går så bra”" in text
    bo.post(address(cast), data={"at": cast.norrkoping.id, f"saw-{key}": "2", key: "4500"})
    assert "Målet sänktes till 4 500" in look(bo, address(cast))
    assert "Nu höjer vi till 6 000" in look(bo, address(cast))


def test_a_reason_is_a_few_words(cast: Cast, signed_in: SignedIn) -> None:
    key = f"target-{cast.norrkoping.id}"
    sent = {"at": cast.norrkoping.id, f"saw-{key}": "1", key: "6000", "note": "å" * 201}
    answer = signed_in(cast.bo).post(address(cast), data=sent)
    assert (answer.status_code, wrong_fields(answer.text)) == (422, {"note"})
    assert agreed(cast) == {"Norrköping": 5000}


def test_targets_are_broken_down_on_one_page(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    assert sum_line(look(bo, address(cast))) == "Delarna är 0 av 5 000 – 5 000 saknas"
    for hageby, ektorp, said in (
        ("3 000", "1500", "Delarna är 4 500 av 5 000 – 500 saknas"),
        ("3 000", "2000", "Delarna är 5 000 av 5 000 – det går jämnt ut"),
        ("", "2100", "Delarna är 5 100 av 5 000 – 100 för mycket"),  # an empty field takes nothing back
        ("3000", "0", "Delarna är 3 000 av 5 000 – 2 000 saknas"),
    ):
        sent = fields(bo.get(address(cast)).text)
        sent |= {f"target-{cast.hageby.id}": hageby, f"target-{cast.ektorp.id}": ektorp}
        assert bo.post(address(cast), data=sent).status_code == 303
        assert sum_line(look(bo, address(cast))) == said
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 3000, "Ektorp s-förening": 0}
    assert "Satt 6 maj av Bo" in look(bo, address(cast))


def test_a_list_sent_as_it_stands_changes_nothing(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    bo.post(address(cast), data=fields(bo.get(address(cast)).text))
    assert "Inget mål var ändrat." in look(bo, address(cast))
    assert db.session.query(Target).count() == 1


def test_without_a_target_of_its_own_only_the_sum_is_told(cast: Cast, signed_in: SignedIn) -> None:
    targets.agree(cast.spring, cast.hageby, 20, area_id=cast.hageby_north.id)
    text = look(signed_in(cast.bo), address(cast, at=cast.hageby.id))
    assert sum_line(text) == "Delarna är tillsammans 20. Inget mål är satt för Hageby s-förening."
    assert "Sätt målet" in text
    assert "Delarna under är 20" in look(signed_in(cast.bo), address(cast))


def test_an_area_gets_a_target_from_its_association(cast: Cast, signed_in: SignedIn) -> None:
    people.grant(cast.dag, "leader", cast.hageby)
    dag, where = signed_in(cast.dag), address(cast, at=cast.hageby.id)
    for number in ("300", "350"):
        sent = fields(dag.get(where).text) | {f"area-{cast.hageby_north.id}": number}
        assert dag.post(where, data=sent).status_code == 303
    north = parts_of(cast, cast.hageby)["Hageby norra"]
    assert (north.target, north.revision) == (350, 2)
    assert "Så har målet ändrats i Hageby norra" in look(
        dag, address(cast, at=cast.hageby.id, area=cast.hageby_north.id)
    )
    assert dag.get(address(cast, at=cast.hageby.id, area=cast.ektorp_hill.id)).status_code == 404
    # He logs in Ektorp, so he sees its ground.
    assert dag.post(where, data={f"area-{cast.ektorp_hill.id}": "9"}).status_code == 403


def test_one_wrong_target_saves_none_and_all_that_was_typed_stays(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    sent = fields(bo.get(address(cast)).text)
    sent |= {f"target-{cast.ektorp.id}": "-1", f"target-{cast.hageby.id}": "3000"}
    answer = bo.post(address(cast), data=sent)
    assert answer.status_code == 422
    assert wrong_fields(answer.text) == {f"target-{cast.ektorp.id}"}
    assert "Inget är sparat än." in answer.text
    assert "Ektorp s-förening: Målet ska vara ett heltal" in answer.text
    assert fields(answer.text) == sent
    assert sum_line(plain(answer.text)).startswith("Delarna är 3 000 av 5 000")
    assert agreed(cast) == {"Norrköping": 5000}
    answer = bo.post(address(cast), data=sent | {f"target-{cast.ektorp.id}": "många"})
    assert (answer.status_code, fields(answer.text)[f"target-{cast.ektorp.id}"]) == (422, "många")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(cast: Cast, signed_in: SignedIn) -> None:
    targets.agree(cast.spring, cast.hageby, 1000, by=cast.bo)
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    hageby, ektorp = f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    bos, adams = (fields(client.get(address(cast)).text) for client in (bo, adam))
    bo.post(address(cast), data=bos | {hageby: "1200"})
    answer = adam.post(address(cast), data=adams | {hageby: "1300", ektorp: "40"})
    assert (answer.status_code, wrong_fields(answer.text)) == (422, {hageby})
    assert "Bo satte 1 200 medan du skrev 1 300." in plain(answer.text)
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 1200}  # all or nothing
    # Having seen both numbers, Adam may insist.
    again = fields(answer.text)
    assert (again[hageby], again[ektorp]) == ("1300", "40")
    assert adam.post(address(cast), data=again).status_code == 303
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 1300, "Ektorp s-förening": 40}


def test_what_one_did_not_touch_is_left_as_the_other_set_it(cast: Cast, signed_in: SignedIn) -> None:
    targets.agree(cast.spring, cast.hageby, 1000, by=cast.bo)
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    hageby, ektorp = f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    bos, adams = (fields(client.get(address(cast)).text) for client in (bo, adam))
    bo.post(address(cast), data=bos | {hageby: "1200", ektorp: "40"})
    # A slip of his own on the way changes nothing: the thousand he never touched is still not his word.
    answer = adam.post(address(cast), data=adams | {ektorp: "x"})
    assert wrong_fields(answer.text) == {ektorp}
    # And where they agree there is nothing to quarrel about.
    assert adam.post(address(cast), data=fields(answer.text) | {ektorp: "40"}).status_code == 303
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 1200, "Ektorp s-förening": 40}


def test_a_slip_elsewhere_does_not_hide_what_somebody_else_changed(cast: Cast, signed_in: SignedIn) -> None:
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    hageby, ektorp = f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    adams = fields(adam.get(address(cast)).text)
    answer = adam.post(address(cast), data=adams | {hageby: "1300", ektorp: "x"})
    bo.post(address(cast), data={hageby: "1200"})
    answer = adam.post(address(cast), data=fields(answer.text) | {ektorp: "y"})
    assert wrong_fields(answer.text) == {hageby, ektorp}
    assert agreed(cast)["Hageby s-förening"] == 1200


def test_of_two_leaders_in_the_same_moment_one_is_told(app: Flask, cast: Cast) -> None:
    spring_id, hageby_id, leaders = cast.spring.id, cast.hageby.id, {cast.bo.id: 1200, cast.adam.id: 1300}
    db.session.commit()
    told, at_once = [], threading.Barrier(2)

    def set_hageby(person_id: str, number: int) -> None:
        with app.app_context():
            person, hageby = db.session.get_one(Person, person_id), db.session.get_one(Organisation, hageby_id)
            spring = db.session.get_one(Campaign, spring_id)
            db.session.rollback()
            at_once.wait()
            try:
                revisions.save(spring, {"hageby": Wish(hageby, "", number, 0)}, by=person)
                db.session.commit()
            except Refused as refused:
                told.append(refused.errors)
                db.session.rollback()

    threads = [threading.Thread(target=set_hageby, args=one) for one in leaders.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [list(errors) for errors in told] == [["hageby"]]
    assert [one.number in leaders.values() for one in revisions.history(cast.spring, hageby_id)] == [True]
