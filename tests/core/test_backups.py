"""Backups that can be trusted, and what phones are told when one has been put back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

import canvass
from canvass.core import backups, clock, db, journals, sqlite, state
from canvass.counting import tallies
from canvass.members import devices, organisations
from tests.cast import Cast, gather
from tests.conftest import NOW, browser, disposing
from tests.counting.phone import Phone


class Server:
    """The product on one SQLite file, started and stopped as its host does."""

    def __init__(self, data: Path) -> None:
        self.data, self.database, self.running = data, data / "canvass.db", ExitStack()

    def start(self) -> Flask:
        app = self.running.enter_context(disposing(canvass.create_app(DATA=self.data)))
        self.running.enter_context(app.app_context())
        upgrade()
        state.begin(self.data)
        return app

    def stop(self) -> None:
        self.running.close()


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[Server]:
    data = folder / tmp_path.name
    with clock.stopped(NOW):
        found = Server(data)
        yield found
        found.stop()
    shutil.rmtree(data, ignore_errors=True)


def phone_of(app: Flask, cast: Cast) -> Phone:
    client = browser(app)
    client.set_cookie("canvass_device", devices.add(cast.alva))
    db.session.commit()
    return Phone(client, cast.alva.id)


def counted(cast: Cast) -> int:
    return tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id)).attempts


def test_phones_are_told_what_is_in_a_verified_backup(server: Server) -> None:
    app = server.start()
    phone = phone_of(app, gather())
    assert phone.send().json["durable_before"] is None
    backups.take(server.data / "backups")
    assert phone.send().json["durable_before"] == clock.text(NOW)


def test_a_restored_server_begins_a_new_epoch_and_gets_everything_again(server: Server) -> None:
    app = server.start()
    cast = gather()
    phone = phone_of(app, cast)
    early, late = phone.operation(cast), phone.operation(cast)
    before = phone.send(early).json["epoch"]
    copy = backups.take(server.data / "backups")
    with clock.stopped(NOW + timedelta(seconds=1)):
        phone.send(late)
    assert counted(cast) == 2
    server.stop()

    backups.restore(copy, server.database)
    phone.client = browser(server.start())
    cast = gather_again()
    phone.client.set_cookie("canvass_device", devices.add(cast.alva))
    assert counted(cast) == 1
    answer = phone.send().json
    assert answer["epoch"] != before
    assert answer["durable_before"] is None
    assert answer["device"]["missing"] == [2]
    assert phone.verdicts(early, late) == ["duplicate", "stored"]
    assert counted(cast) == 2


@pytest.mark.parametrize("days_ahead", [0, 40])
def test_a_database_put_back_by_hand_is_noticed_too(server: Server, days_ahead: int) -> None:
    app = server.start()
    cast = gather()
    phone = phone_of(app, cast)
    with clock.stopped(NOW + timedelta(days=days_ahead)):  # the server's clock was wrong for a while
        phone.send(phone.operation(cast))
    before = state.epoch()
    db.session.commit()
    shutil.copy(server.database, server.data / "snapshot.db")
    phone.send(phone.operation(cast))
    server.stop()
    shutil.copy(server.data / "snapshot.db", server.database)
    server.start()
    assert state.epoch() != before


def test_an_ordinary_restart_keeps_the_epoch(server: Server) -> None:
    with clock.stopped(None):  # time passes between the receipt and the answer
        app = server.start()
        cast = gather()
        phone = phone_of(app, cast)
        operations = [phone.operation(cast) for _ in range(5)]
        before = phone.send(*operations).json["epoch"]
        phone.send(*operations)  # again: nothing new is received by that
        server.stop()
        server.start()
        assert state.epoch() == before


def test_a_damaged_file_is_never_put_back(server: Server) -> None:
    server.start()
    copy = backups.take(server.data / "backups")
    db.session.commit()
    server.stop()
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(backups.Failed):
        backups.restore(copy, server.database)
    assert server.database.read_bytes()[:15] == b"SQLite format 3"
    (server.data / "text.db").write_text("hej")
    with pytest.raises(backups.Failed, match="not a backup"):
        backups.check(server.data / "text.db")


def test_the_database_that_was_there_is_laid_aside(server: Server) -> None:
    server.start()
    copy = backups.take(server.data / "backups")
    db.session.commit()
    server.stop()
    aside = backups.restore(copy, server.database)
    assert aside
    assert aside.exists()
    assert server.database.exists()


def killed(server: Server, tmp_path: Path) -> Path:
    """A copy of the database as a kill at this moment would leave it, with the journal beside it."""
    for path in (server.database, *journals.beside(server.database)):
        shutil.copy(path, tmp_path)
    return tmp_path / server.database.name


def test_a_restore_takes_and_lays_aside_the_journal_too(server: Server, tmp_path: Path) -> None:
    app = server.start()
    cast = gather()
    phone = phone_of(app, cast)
    backup = backups.take(server.data / "backups")
    phone.verdicts(phone.operation(cast), phone.operation(cast))
    left = killed(server, tmp_path)
    server.stop()
    left.with_name("canvass.db-shm").unlink(missing_ok=True)
    files = {path.name.removeprefix(left.name): path.read_bytes() for path in tmp_path.iterdir()}
    assert "-wal" in files or not sqlite.WAL_IS_SAFE

    backups.restore(left, server.database)
    server.start()
    assert counted(gather_again()) == 2
    server.stop()

    aside = backups.restore(backup, left)
    assert aside
    assert [path for path in journals.beside(left) if path.stat().st_size] == []
    for ending, content in files.items():
        assert aside.with_name(aside.name + ending).read_bytes() == content
    backups.restore(aside, server.database)
    server.start()
    assert counted(gather_again()) == 2


@pytest.mark.skipif(not sqlite.WAL_IS_SAFE, reason="this SQLite keeps no WAL")
def test_a_copy_beside_another_databases_journal_is_not_put_back(server: Server, tmp_path: Path) -> None:
    server.start()
    backup = backups.take(server.data / "backups")
    gather()
    db.session.commit()
    left = killed(server, tmp_path)
    server.stop()
    shutil.copy(backup, left)
    before = server.database.read_bytes()
    with pytest.raises(backups.Failed, match="do not belong together"):
        backups.restore(left, server.database)
    assert server.database.read_bytes() == before


def test_nothing_is_put_back_while_somebody_has_the_database_open(server: Server) -> None:
    server.start()
    backup = backups.take(server.data / "backups")
    db.session.commit()
    names = sorted(path.name for path in server.data.iterdir())
    with pytest.raises(backups.Failed, match="in use"):
        backups.restore(backup, server.database)
    assert sorted(path.name for path in server.data.iterdir()) == names


@pytest.mark.parametrize("step", ["_copy", "_lay_aside"])
def test_whatever_fails_there_is_a_database_in_its_place(
    server: Server, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    backup = backups.take(server.data / "backups")
    db.session.commit()
    server.stop()
    before = server.database.read_bytes()
    done = getattr(backups, step)

    def break_off(*files: Path) -> None:
        done(*files)
        raise OSError("the disk is full")

    monkeypatch.setattr(backups, step, break_off)
    with pytest.raises(backups.Failed, match="full"):
        backups.restore(backup, server.database)
    assert server.database.read_bytes() == before
    assert not list(server.data.glob("*.new*"))


def test_a_backup_that_fails_is_not_among_the_backups(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()

    def find_damage(path: Path) -> None:
        raise backups.Failed("it is damaged")

    monkeypatch.setattr(backups, "check", find_damage)
    with pytest.raises(backups.Failed):
        backups.take(server.data / "backups")
    assert list((server.data / "backups").iterdir()) == []
    assert state.told()[1] is None


def gather_again() -> Cast:
    """Alva and the campaign as they are in a database that had the cast before."""
    from dataclasses import fields

    from sqlalchemy import select

    from canvass.fieldwork.campaigns import Campaign
    from canvass.members.organisations import Organisation
    from canvass.members.people import Person

    known = dict.fromkeys((field.name for field in fields(Cast)), None)
    known["alva"] = db.session.scalar(select(Person).where(Person.name == "Alva"))
    known["spring"] = db.session.scalar(select(Campaign))
    known["norrkoping"] = db.session.scalar(select(Organisation).where(Organisation.name == "Norrköping"))
    return Cast(**known)  # type: ignore[arg-type]
