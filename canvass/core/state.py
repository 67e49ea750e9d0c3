"""What the server remembers about its database: its epoch, and what of it is in a verified backup.

Both follow an order of the database's own. Each transaction that receives operations takes the next number, as the
last thing it does before it commits. A database whose number is lower than one that this server has committed has been
put back. And whoever takes a backup waits for those transactions that have taken their number, see `backup_begins`.
"""

from __future__ import annotations

import logging
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import BigInteger, String, bindparam, cast, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock, db, settings
from canvass.core.db import Base, connection, new_id, rows, session, table

MARK = "received.txt"
log = logging.getLogger(__name__)

# Names of facts. The time at which a backup began is kept under PENDING and its token until it has been verified.
EPOCH, NUMBER, DURABLE, PENDING = "epoch", "received", "durable_before", "backup "
# A backup that has not been verified after so long never will be.
GIVEN_UP = timedelta(days=30)
_HALF = 64  # bytes


class Fact(Base):
    """One remembered value."""

    __tablename__ = "server_facts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class Order(NamedTuple):
    """How far a database has come: its epoch, and the number of the latest transaction that received operations."""

    epoch: str
    number: int


# --- the epoch ----------------------------------------------------------------------------------------------


def epoch() -> str:
    """Return the id of the current epoch; a new one makes phones send again what they still hold. "" before `begin`."""
    return order().epoch


def order() -> Order:
    """Return how far the database has come."""
    return _order(dict(rows(_ALL)))


def begin(data: Path) -> None:
    """Begin a new epoch when the database lacks something that was received here: then an older copy was restored.

    A file beside the database remembers how far it had come (`note_received`). A database behind it has been restored,
    however that was done: by our command, by hand or from a host's snapshot. Without the file there is no telling, so
    a new epoch begins; sending again is harmless. A file that cannot be read, as a crash may leave it, says nothing.
    Commits.
    """
    noted, present = _noted(data), order()
    if not present.epoch or noted is None or (noted and not 0 <= _furthest(noted, present) <= present.number):
        new_epoch()
        present = order()
    session.commit()
    settings.write_privately(data / MARK, _half(present) * 2)


def new_epoch() -> None:
    """Begin a new epoch: the database may lack what phones take for safe, and nothing counts as backed up any more."""
    connection().execute(delete(_FACTS).where(_FACTS.c.name.startswith(PENDING)))
    _set(EPOCH, new_id())
    _set(DURABLE, "")


# --- receiving ----------------------------------------------------------------------------------------------


def receive(now: datetime, *, is_new: bool) -> tuple[str, str | None]:
    """Return what an answer to a phone says: the epoch and, as it is sent, `durable_before`.

    `is_new` says whether the transaction has received operations; it then takes the next number, and others that
    receive wait until it has ended: so it is the last thing to be done before the commit. When the database has been
    put back under the running server, a new epoch begins.
    """
    noted = _noted(_folder()) or []  # before the query: others may commit meanwhile
    if is_new:
        _take_number()
    facts = dict(rows(_ALL))
    if _order(facts).number < _furthest(noted, _order(facts)) + is_new:
        log.warning("the database has been put back: a new epoch begins")
        new_epoch()
        facts = dict(rows(_ALL))
    # The clock may have been set back. Phones compare the times of answers, so what is answered now must not lie
    # before the time from which on nothing is in a backup.
    for name, value in facts.items():
        if is_new and value > clock.text(now) and (name == DURABLE or name.startswith(PENDING)):
            _set(name, clock.text(now))
            facts[name] = clock.text(now)
    return _told(facts, now)


def told() -> tuple[str, str | None]:
    """Return the same for an answer by which nothing is received; with one query."""
    return _told(dict(rows(_ALL)), clock.now())


def note_received(data: Path, present: Order) -> None:
    """Note in a file beside the database how far that has come. Call it after the commit, never before.

    It is not forced to disk: after a power cut the file may be older than the database, which does no harm. Neither
    does a disk that takes no more: what has been committed stands, and whoever sent it is told so.
    """
    # Overwritten in place: making the file shorter first takes some file systems as long as a commit. One half after
    # the other, each with its checksum, so that whatever a crash leaves one of them can be read.
    try:
        file = os.open(data / MARK, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.lseek(file, present.number % 2 * _HALF, os.SEEK_SET)
            os.write(file, _half(present).encode())
        finally:
            os.close(file)
    except OSError as error:
        log.warning("%s could not be written: %s", data / MARK, error.strerror)


def forget_received(data: Path) -> None:
    """Make the next start begin a new epoch, whatever the database holds: a backup has been restored."""
    (data / MARK).unlink(missing_ok=True)


# --- backups ------------------------------------------------------------------------------------------------


def backup_begins() -> str:
    """Note that a backup begins with the next commit, and return the token for `backup_is_verified`. Commits.

    Whatever has been answered before that moment has been committed: on PostgreSQL this waits for those who have taken
    a number. Who takes one later finds the moment, and moves it when the clock shows an earlier time.
    """
    db.lock(Fact)
    now, token = clock.now(), secrets.token_hex(8)
    old = _FACTS.c.name.startswith(PENDING) & (_FACTS.c.value < clock.text(now - GIVEN_UP))
    connection().execute(delete(_FACTS).where(old))
    _set(PENDING + token, clock.text(now))
    session.commit()
    return token


def backup_is_verified(token: str) -> None:
    """Note that the backup is whole: phones then delete what was answered before it began.

    Raises LookupError when no such backup has begun in this epoch.
    """
    db.lock(Fact)
    began = _get(PENDING + token)
    if began is None:
        raise LookupError(token)
    _set(DURABLE, began)
    connection().execute(delete(_FACTS).where(_FACTS.c.name == PENDING + token))


# --- inside -------------------------------------------------------------------------------------------------


def _folder() -> Path:
    """Return the data folder of the app in use."""
    found: Path = db.db.engine.get_execution_options()[db.FOLDER]
    return found


def _order(facts: dict[str, str]) -> Order:
    return Order(facts.get(EPOCH, ""), int(facts.get(NUMBER, 0)))


def _told(facts: dict[str, str], now: datetime) -> tuple[str, str | None]:
    durable = facts.get(DURABLE) or None
    return facts.get(EPOCH, ""), durable if durable and durable <= clock.text(now) else None


def _take_number() -> None:
    if not connection().execute(_NEXT).rowcount:
        connection().execute(db.insert(_FACTS).values(name=NUMBER, value="0").on_conflict_do_nothing())
        connection().execute(_NEXT)


def _noted(data: Path) -> list[Order] | None:
    """Return what can be read in the mark; None when there is none."""
    try:
        content = (data / MARK).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s could not be read: %s", data / MARK, error.strerror)
        return []
    return list(_read(content))


def _furthest(noted: Iterable[Order], present: Order) -> int:
    """Return the highest number noted in the present epoch, -1 for none."""
    return max((each.number for each in noted if each.epoch == present.epoch), default=-1)


def _read(content: bytes) -> Iterator[Order]:
    for at in (0, _HALF):
        half = content[at : at + _HALF]
        said, _space, checksum = half.decode("ascii", "replace").strip().rpartition(" ")
        if said and checksum == f"{zlib.crc32(said.encode()):08x}":
            name, _space, number = said.partition(" ")
            yield Order(name, int(number))


def _half(present: Order) -> str:
    said = f"{present.epoch} {present.number:015d}"
    return f"{said} {zlib.crc32(said.encode()):08x}".ljust(_HALF - 1) + "\n"


def _get(name: str) -> str | None:
    return connection().scalar(_ONE, {"wanted": name})


def _set(name: str, value: str) -> None:
    statement = db.insert(_FACTS).values(name=name, value=value)
    connection().execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


_FACTS = table(Fact)
_ALL = select(_FACTS.c.name, _FACTS.c.value)
_ONE = select(_FACTS.c.value).where(_FACTS.c.name == bindparam("wanted"))
_NEXT = (
    update(_FACTS).where(_FACTS.c.name == NUMBER).values(value=cast(cast(_FACTS.c.value, BigInteger) + 1, String(20)))
)
