"""Writers wait for each other, so nobody holds a writing transaction during anything slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from canvass.core import db
from canvass.members.people import Person
from tests.cast import Cast

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
