"""Writers wait for each other, so nobody holds a writing transaction during anything slow."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import segno
from flask import Flask, current_app, has_request_context, template_rendered
from flask.testing import FlaskClient
from geopy.geocoders import Nominatim

from canvass.board.earlier_years import files
from canvass.core import db, geojson, sheets
from canvass.members import passwords, tickets
from canvass.members.people import Person
from canvass.web.page import drawings
from tests.cast import Cast, plan_shift
from tests.conftest import browser
from tests.fieldwork.areas.files import feature, file_of, mark_in, upload

SignedIn = Callable[[Person], FlaskClient]


def test_no_page_is_rendered_in_a_transaction_that_writes(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    seen: list[bool] = []

    def note(_app: Flask, **_rendered: Any) -> None:
        seen.append(not db.session().in_transaction() or db.is_reading())

    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    with template_rendered.connected_to(note, app):
        assert bo.post("/areas", data={"organisation": cast.norrkoping.id, "name": ""}).status_code == 422
        invitation = {"organisation": cast.norrkoping.id, "role": "leader", "note": ""}
        assert adam.post("/invitations", data=invitation).status_code == 200
        assert bo.get("/campaigns").status_code == 200
    assert len(seen) >= 3
    assert all(seen)


def test_slow_work_after_a_change_is_a_mistake(app: Flask, cast: Cast) -> None:
    cast.hageby.name = "Hageby"
    with pytest.raises(AssertionError, match="commit before slow work"):
        db.let_go()
    db.session.flush()
    with pytest.raises(AssertionError, match="commit before slow work"):
        db.let_go()
    db.session.commit()
    db.let_go()


# What takes long, by where it is looked up when it is called: passwords, files read and written, pictures, other
# servers. A transaction that writes is over by then.
SLOW = (
    (passwords._hasher.__class__, "hash"),
    (passwords._hasher.__class__, "verify"),
    (Nominatim, "geocode"),
    (geojson, "read"),
    (files, "read"),
    (msgspec.json, "decode"),
    (sheets, "csv_bytes"),
    (sheets, "write_xlsx"),
    (segno, "make"),
    (drawings, "draw"),
    (drawings, "draw_in"),
    (drawings, "draw_places"),
)


@pytest.fixture
def slow_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Everything slow that is done, by its name, and whether a writing transaction waits for it."""
    found: list[tuple[str, bool]] = []

    def watch(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            has_session = has_request_context() and db.session.registry.has()
            found.append((name, has_session and db.session().in_transaction() and not db.is_reading()))
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    for owner, name in SLOW:
        watch(owner, name)
    return found


def test_nothing_slow_is_done_in_a_transaction_that_writes(
    app: Flask, cast: Cast, signed_in: SignedIn, slow_work: list[tuple[str, bool]]
) -> None:
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    type_passwords(cast, bo)
    bring_files(cast, bo)
    app.config["GEOCODER"] = "nominatim:http://127.0.0.1:9"
    try:
        show_maps(cast, bo)
    finally:
        app.config["GEOCODER"] = ""
    for form in ("csv", "xlsx"):
        assert adam.post(f"/reports/rows.{form}?campaign={cast.spring.id}").status_code == 200
    assert {name for name, waits in slow_work if waits} == set()
    assert {name for name, _waits in slow_work} == {name for _owner, name in SLOW}


def type_passwords(cast: Cast, bo: FlaskClient) -> None:
    """Right and wrong ones, wherever one can be typed."""
    setup, way_in = tickets.setup_token(), tickets.sign_in_token(cast.cia)
    _ticket, invited = tickets.invite(cast.hageby, "leader", "", by=cast.adam)
    db.session.commit()
    for email in ("nobody@example.org", str(cast.bo.email)):
        form = {"email": email, "password": "wrong wrong"}
        assert browser(current_app).post("/sign-in", data=form).status_code == 422
    bo.post("/me", data={"what": "password", "password": "long enough", "current": "wrong wrong"})
    chosen = {"password": "long enough"}
    assert browser(current_app).post(f"/sign-in/{way_in}", data=chosen).status_code == 303
    form = chosen | {"name": "Greta", "email": "greta@example.org"}
    assert browser(current_app).post(f"/invitation/{invited}", data=form).status_code == 303
    form = chosen | {"level": "municipal", "organisation": "Ny", "name": "Siv", "email": "siv@example.org"}
    form |= {"campaign": "Vår", "kind": "listen", "channels": "door", "target": "7", "topics": "Skolan"}
    form |= {"starts_on": "2026-05-01", "ends_on": "2026-06-01"}
    assert browser(current_app).post(f"/setup/{setup}", data=form).status_code == 303


def bring_files(cast: Cast, bo: FlaskClient) -> None:
    """Files with faults and without, and one confirmed when somebody else has changed what it says."""
    assert upload(bo, cast.hageby, b"nothing").status_code == 422
    preview = upload(bo, cast.hageby, file_of(feature("H1"))).headers["Location"]
    assert bo.post(f"{preview}/confirm", data={"mark": "stale"}).status_code == 409
    assert bo.post(f"{preview}/confirm", data={"mark": mark_in(bo.get(preview).text)}).status_code == 303
    for content, status in (("organisation;år;samtal\nHageby;2024;7\n", 303), ("nothing", 422)):
        form = {"file": (io.BytesIO(content.encode()), "years.csv")}
        answer = bo.post(f"/organisations/{cast.norrkoping.id}/earlier-years", data=form)
        assert answer.status_code == status


def show_maps(cast: Cast, bo: FlaskClient) -> None:
    """Pages with maps and codes, forms that come back with one, and a meeting point that is looked up."""
    shift = plan_shift(cast, by=cast.bo)
    db.session.commit()
    bo.post(f"/shifts/{shift.id}/edit", data={"near": "1", "place": "Torget"})
    bo.post(f"/shifts/{shift.id}/edit", data={"ends": "25:99"})
    bo.post(f"/campaigns/{cast.spring.id}/map/{cast.hageby_north.id}/assign", data={"shift": shift.id})
    bo.post(f"/campaigns/{cast.spring.id}/join", data={"organisation": cast.norrkoping.id})
    bo.get(f"/campaigns/{cast.spring.id}/join")
    bo.get(f"/campaigns/{cast.spring.id}/map")
