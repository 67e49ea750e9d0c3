"""The migration that makes one of each: what there were several of comes along, and nothing else changes."""

from __future__ import annotations

import importlib
import json
from datetime import timedelta

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from canvass.core import clock, db
from canvass.counting import attempts, tallies
from canvass.counting.quarantine import Held
from canvass.members.joining import JoinLink
from canvass.members.organisations import Organisation
from tests.cast import Cast, log, plan_shift
from tests.counting.held import hold
from tests.counting.phone import Phone

migration = importlib.import_module("canvass.migrations.versions.0004_one_of_each")


def link(cast: Cast, number: int, shift_id: str | None = None, **more: object) -> str:
    """A join link as it stood in the database; `number` orders them."""
    values = {
        "id": db.new_id(),
        "code_hash": db.new_id(),
        "organisation_id": cast.hageby.id,
        "campaign_id": cast.spring.id,
        "shift_id": shift_id,
        "expires_at": clock.now() + timedelta(days=1),
        "withdrawn_at": None,
        "created_at": clock.now() + timedelta(minutes=number),
        **more,
    }
    db.session.execute(JoinLink.__table__.insert().values(values))  # type: ignore[attr-defined]
    return str(values["id"])


def test_what_there_were_several_of_comes_along(app: Flask, cast: Cast, phone: Phone) -> None:
    log(cast, cast.alva, number=7, area=cast.hageby_north)
    operation, _held = hold(cast, phone)
    shift_id = plan_shift(cast).id
    db.session.execute(JoinLink.__table__.delete())  # type: ignore[attr-defined]
    top = cast.ostergotland.name
    db.session.commit()
    try:
        downgrade(revision=migration.down_revision)
        with db.db.engine.begin() as connection:
            columns = list(connection.execute(text("SELECT * FROM quarantine")).keys())
            assert "evening" not in columns
        first, second = link(cast, 1), link(cast, 2)
        of_shift = [link(cast, number, shift_id) for number in (2, 1)]
        gone = link(cast, 0, withdrawn_at=clock.now())
        for _ in range(2):
            db.session.execute(
                text(
                    "INSERT INTO organisations (id, parent_id, kind, name, code, created_at)"
                    " VALUES (:id, NULL, 'district', :name, '', '2026-01-01 00:00:00')"
                ),
                {"id": db.new_id(), "name": top},
            )
        db.session.commit()
    finally:
        db.session.rollback()
        upgrade()
    working = set(db.session.scalars(select(JoinLink.id).where(JoinLink.withdrawn_at.is_(None))))
    assert working == {first, of_shift[1]}
    assert {second, of_shift[0], gone} == set(db.session.scalars(select(JoinLink.id))) - working
    tops = set(db.session.scalars(select(Organisation.name).where(Organisation.name.startswith(top))))
    assert tops == {top, f"{top} 2", f"{top} 3"}
    held = db.session.scalars(select(Held)).one()
    assert (json.loads(held.raw), held.installation_id) == (operation, phone.install)
    assert (held.campaign_id, held.evening, held.code) == (cast.spring.id, clock.today(), "area_unknown")
    assert tallies.everything()
    assert attempts.drift() == {}
