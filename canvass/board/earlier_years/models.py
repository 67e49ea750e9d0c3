"""The tables of earlier years' results: one row for each imported file, and one for each of its figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import clock
from canvass.core.db import Base, Id, new_id
from canvass.members.organisations import Organisation
from canvass.members.people import Person


class EarlierImport(Base):
    """One file: uploaded for a preview, confirmed, and perhaps undone."""

    __tablename__ = "earlier_imports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # The file's rows as files.read gives them; emptied when they are confirmed.
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    confirmed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    created_by: Mapped[Person | None] = relationship()


class EarlierResult(Base):
    """An organisation's result in a year, as a confirmed file says; `channel` is '' for all channels together."""

    __tablename__ = "earlier_results"
    __table_args__ = (UniqueConstraint("import_id", "organisation_id", "year", "channel"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    import_id: Mapped[str] = mapped_column(Id, ForeignKey(EarlierImport.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    year: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20), default="")
    conversations: Mapped[int]
    target: Mapped[int | None]
