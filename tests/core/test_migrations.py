"""The schema: the migrations make what the models say, and old data comes along."""

from __future__ import annotations

import unicodedata
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import select

import canvass
from canvass import cli
from canvass.core import audit, db, state
from canvass.core.sqlite import sqlite3
from canvass.counting import attempts, tallies
from canvass.counting.attempts import Attempt
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, passwords
from tests.cast import Cast
from tests.conftest import disposing

# A database as the first version left it, with a campaign in it. Never made anew: that is the point of it.
OLDEST = Path(__file__).parent / "data" / "oldest.sql"


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with db.db.engine.connect().execution_options(reading=True) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.Base.metadata) == []


def test_a_database_of_the_oldest_version_comes_along(folder: Path) -> None:
    data = folder / "oldest"
    data.mkdir()
    with closing(sqlite3.connect(data / "canvass.db")) as old:
        old.executescript(OLDEST.read_text("utf-8"))
    with disposing(canvass.create_app(DATA=data)) as app, app.app_context():
        cli.bring_up_to_date(app)
        campaign = db.session.scalars(select(Campaign)).one()
        count = tallies.total(campaign.id, organisations.beneath(campaign.organisation_id))
        assert (campaign.name, count) == ("Vårkampanjen", (12, 7))
        assert db.session.query(Attempt).count() == 8
        assert attempts.drift() == {}
        assert audit.broken_at() is None
        assert passwords.authenticate("bo@example.org", "ett långt lösenord") is not None
        assert state.epoch()


def test_upgrading_twice_changes_nothing(folder: Path) -> None:
    with disposing(canvass.create_app(DATA=folder / "twice")) as app, app.app_context():
        cli.bring_up_to_date(app)
        first = state.epoch()
        db.session.commit()
        cli.bring_up_to_date(app)
        assert state.epoch() == first


def test_names_in_another_spelling_are_composed(app: Flask, cast: Cast) -> None:
    """Two areas that only the spelling tells apart keep their own: each may have been counted in."""
    for area, code in ((cast.hageby_north, "Å1"), (cast.hageby_south, "Å1"), (cast.ektorp_hill, "Ö")):
        area.code, area.name = unicodedata.normalize("NFD", code), unicodedata.normalize("NFD", "Åkerby östra")
        db.session.flush()
        if area is cast.hageby_north:
            area.code = code
            db.session.flush()
    cast.spring.script = unicodedata.normalize("NFD", "Fråga\nefter vården")
    cast.alva.name = unicodedata.normalize("NFD", "Åsa")
    db.session.flush()
    migration = ScriptDirectory(str(Path(canvass.__file__).parent / "migrations")).get_revision("0008").module
    with Operations.context(MigrationContext.configure(db.session.connection())):
        migration.upgrade()
    db.session.expire_all()
    assert {area.name for area in (cast.hageby_north, cast.hageby_south, cast.ektorp_hill)} == {"Åkerby östra"}
    assert [cast.hageby_north.code, cast.ektorp_hill.code] == ["Å1", "Ö"]
    assert unicodedata.normalize("NFC", cast.hageby_south.code) == "Å1"
    assert cast.hageby_south.code != "Å1"
    assert (cast.spring.script, cast.alva.name) == ("Fråga\nefter vården", "Åsa")
