"""Imports of earlier years' results: a file waits for its preview to be confirmed, and can be undone as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy import insert as insert_rows

from canvass.board.earlier_years import previews
from canvass.board.earlier_years.models import EarlierImport, EarlierResult
from canvass.core import audit, clock
from canvass.core.db import new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members.organisations import Organisation
from canvass.members.people import Person


def keep(organisation: Organisation, rows: list[dict[str, Any]], *, by: Person) -> EarlierImport:
    """Keep the rows of a file until they are confirmed; they replace any that the person left waiting there."""
    waiting = delete(EarlierImport).where(EarlierImport.confirmed_at.is_(None))
    session.execute(waiting.where(EarlierImport.organisation == organisation, EarlierImport.created_by_id == by.id))
    kept = EarlierImport(organisation=organisation, content=rows, created_by_id=by.id)
    session.add(kept)
    session.flush()
    return kept


def confirm(waiting: EarlierImport, *, skips_faulty: bool, chosen: Mapping[str, str] | None = None, by: Person) -> int:
    """Import the rows; returns how many, 0 when it has been confirmed already (somebody tapped twice).

    `chosen` is that of `previews.preview`. Raises Refused when there are faulty rows and `skips_faulty` is False, and
    when there are no others.
    """
    locked = _locked(waiting)
    if locked.confirmed_at is not None:
        return 0
    preview = previews.preview(locked.organisation, locked.content, chosen)
    if preview.faulty and not skips_faulty:
        raise Refused(_("Rätta filen och välj den på nytt, eller hoppa över de felaktiga raderna."))
    if not preview.taken:
        raise Refused(_("Ingen rad går att läsa in."))
    locked.confirmed_at, locked.content = clock.now(), []
    values = [
        {
            "id": new_id(),
            "import_id": locked.id,
            "organisation_id": row.organisation.id,
            "year": row.year,
            "channel": row.channel,
            "conversations": row.conversations,
            "target": row.target,
        }
        for row in preview.taken
        if row.organisation
    ]
    session.execute(insert_rows(EarlierResult), values)
    _note("earlier_years.import", locked, by, rows=len(values))
    return len(values)


def undo(done: EarlierImport, *, by: Person) -> None:
    """Take the import's results out of effect; those it replaced are in effect again. Twice is once."""
    locked = _locked(done)
    if locked.confirmed_at is not None and locked.undone_at is None:
        locked.undone_at = clock.now()
        _note("earlier_years.undo", locked, by)


def at(organisation: Organisation) -> list[tuple[EarlierImport, int]]:
    """The imports in effect that were made at this organisation, the latest first, with their numbers of rows."""
    number = func.count(EarlierResult.id)
    query = (
        select(EarlierImport.id, number)
        .join(EarlierResult, EarlierResult.import_id == EarlierImport.id)
        .where(EarlierImport.organisation_id == organisation.id, EarlierImport.undone_at.is_(None))
        .group_by(EarlierImport.id)
    )
    numbers = dict(iter(session.execute(query)))
    found = [
        (one, numbers[one.id]) for one in session.scalars(select(EarlierImport).where(EarlierImport.id.in_(numbers)))
    ]
    return sorted(found, key=lambda one: (one[0].confirmed_at or one[0].created_at, one[0].id), reverse=True)


def _locked(one: EarlierImport) -> EarlierImport:
    """The import as it is now, locked until the transaction ends."""
    return session.get_one(EarlierImport, one.id, with_for_update={"of": EarlierImport}, populate_existing=True)


def _note(action: str, one: EarlierImport, by: Person, **details: object) -> None:
    audit.record(action, person_id=by.id, organisation_id=one.organisation_id, earlier_import=one.id, **details)
