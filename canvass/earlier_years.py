"""Earlier years: results from before, imported from CSV to compare with. They are never counted as this year's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass import clock
from canvass.db import Base, Id, new_id
from canvass.organisations import Organisation
from canvass.people import Person


class EarlierImport(Base):
    """One file: first a preview, then confirmed, perhaps undone."""

    __tablename__ = "earlier_imports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # What was read of the file, until it is confirmed.
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    confirmed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class EarlierResult(Base):
    """What an organisation reached in a year; `channel` is '' for all ways of talking together."""

    __tablename__ = "earlier_results"
    __table_args__ = (UniqueConstraint("import_id", "organisation_id", "year", "channel"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    import_id: Mapped[str] = mapped_column(Id, ForeignKey(EarlierImport.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    year: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20), default="")
    conversations: Mapped[int]
    target: Mapped[int | None]
