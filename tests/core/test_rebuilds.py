"""A migration may change any table of a database that is in use, and leaves nothing that refers to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError

import canvass
from canvass.core import db, schemas, state
from canvass.members.organisations import Organisation
from tests.cast import gather, log, plan_shift
from tests.conftest import disposing, engines
from tests.house.growing import grow
from tests.house.test_pages import ids_for, tokens_for

SCRIPT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "planted", {head!r}, None, None


def upgrade():
    {body}
"""
REBUILD = """for name in {tables!r}:
        with op.batch_alter_table(name, recreate="always" if op.get_bind().dialect.name == "sqlite" else "auto") as one:
            one.add_column(sa.Column("planted", sa.String(10), nullable=False, server_default="x"))"""


@pytest.fixture(params=engines())
def address(request: pytest.FixtureRequest, apps: Callable[[str], Flask]) -> Iterator[str]:
    """The address of an empty database of its own, "" for a file in the data folder."""
    if request.param == "sqlite":
        yield ""
        return
    app, name = apps("postgresql"), f"rebuilt_{os.getpid()}"
    with app.app_context(), db.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(app.config["DATABASE_URL"]).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def full(address: str, tmp_path: Path) -> Iterator[Flask]:
    """The product with rows in every table that others refer to."""
    with (
        disposing(canvass.create_app(DATA=tmp_path, DATABASE_URL=address, TESTING=True)) as app,
        app.test_request_context(),
    ):
        upgrade()
        state.begin(tmp_path)
        cast, secret = gather(), app.config["SECRET_KEY"]
        shift = plan_shift(cast)
        log(cast, cast.alva, number=3, topics=["Skolan"], area=cast.hageby_north, shift=shift)
        tokens_for(cast, secret)
        ids_for(cast, secret)
        grow(cast, secret, range(1, 3))
        db.session.commit()
        yield app


@pytest.fixture
def plant(full: Flask, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """`plant(body)` upgrades to one more migration, whose upgrade this is."""
    versions = tmp_path / "versions"
    versions.mkdir()
    callbacks = full.extensions["migrate"].migrate.configure_callbacks

    def look_there_too(config: Any) -> Any:
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", f"{schemas.MIGRATIONS / 'versions'}\n{versions}")
        return config

    def run(body: str) -> None:
        (versions / "planted.py").write_text(SCRIPT.format(head=schemas.head(), body=body))
        db.session.remove()
        upgrade()

    callbacks.append(look_there_too)
    yield run
    callbacks.remove(look_there_too)


def rows() -> dict[str, int]:
    tables = db.Base.metadata.sorted_tables
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def parents() -> list[str]:
    tables = db.Base.metadata.sorted_tables
    return sorted({key.column.table.name for table in tables for key in table.foreign_keys})


def test_every_table_that_others_refer_to_can_be_made_anew(plant: Callable[[str], None]) -> None:
    before = rows()
    assert [name for name in parents() if not before[name]] == []
    keys = {name: len(inspect(db.session.connection()).get_foreign_keys(name)) for name in before}
    plant(REBUILD.format(tables=parents()))
    assert rows() == before
    made = inspect(db.session.connection())
    assert all("planted" in {column["name"] for column in made.get_columns(name)} for name in parents())
    assert {name: len(made.get_foreign_keys(name)) for name in before} == keys
    with pytest.raises(IntegrityError):  # what refers to nothing is refused as before
        db.session.execute(text("UPDATE campaigns SET organisation_id = 'nobody'"))
    db.session.rollback()


def test_a_migration_that_leaves_orphans_changes_nothing(plant: Callable[[str], None]) -> None:
    before = rows()
    with pytest.raises((SystemExit, IntegrityError)):
        plant('op.execute("DELETE FROM organisations")')
    db.session.remove()
    assert rows() == before
    assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == schemas.head()
    with pytest.raises(IntegrityError):
        db.session.execute(Organisation.__table__.delete())  # type: ignore[attr-defined]
    db.session.rollback()
