"""Persons and their memberships: the roles they have at organisations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, i18n, texts
from canvass.core.db import Base, Id, insert_once, new_id, session, table
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import organisations
from canvass.members.organisations import Organisation

# How long a role that was taken away can be given back with a button.
REMOVAL_TIME = timedelta(days=30)
# In the order in which lists of people are sorted. What each role may do is in access.RIGHTS.
ROLES = ("volunteer", "leader", "board", "admin")


class Person(Base):
    """Somebody who logs, leads or follows up. A volunteer need only give a name and an association."""

    __tablename__ = "persons"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="sv")
    association_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Of a double: the person who has everything of theirs now. Their phones still know them by their own id.
    merged_into_id: Mapped[str | None] = mapped_column(Id, index=True)

    association: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    memberships: Mapped[list[Membership]] = relationship(back_populates="person", cascade="all, delete-orphan")

    # What Flask-Login asks of a user. Plain attributes, since below the web layer nobody imports Flask.
    is_authenticated = is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return the id, as Flask-Login asks for it."""
        return self.id


class Membership(Base):
    """A role at an organisation, which holds for everything beneath it too."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id", "role"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class Removal(Base):
    """A role that was taken away, kept so that it can be given back."""

    __tablename__ = "removals"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    role: Mapped[str] = mapped_column(String(20))
    removed_at: Mapped[datetime] = mapped_column(default=clock.now)
    undone_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


# The id of whom somebody has become, for statements that join `persons`: for a double the one they were merged into.
PRESENT_ID = func.coalesce(table(Person).c.merged_into_id, table(Person).c.id)


def role_name(role: str) -> str:
    """Return what the role is called in the interface."""
    return {
        "volunteer": _("Samtalare"),
        "leader": _("Kampanjledare"),
        "board": _("Styrelse"),
        "admin": _("Administratör"),
    }[role]


def first_name(name: str | None) -> str:
    """Return the first word of the name, and "" for None or an empty name."""
    return name.split()[0] if name else ""


def present(person: Person) -> Person:
    """Return the person, or for a double the one they were merged into."""
    return session.get_one(Person, person.merged_into_id) if person.merged_into_id else person


def ids(person: Person) -> Select[str]:
    """Return a query for the ids of the person and of the doubles merged into them."""
    return select(Person.id).where(or_(Person.id == person.id, Person.merged_into_id == person.id))


def add_once(id_: str, name: str, association: Organisation) -> Person:
    """Add a person with this id, or return the one who has it: a form may come twice at the same moment.

    Raises Refused.
    """
    insert_once(
        Person,
        id=id_,
        name=checked_name(name),
        association_id=association.id,
        language=i18n.language(),
        created_at=clock.now(),
    )
    return session.get_one(Person, id_)


def add(name: str, association: Organisation, *, email: str | None = None) -> Person:
    """Add a person who logs for `association`, without any role, and return them. Raises Refused."""
    person = Person(
        name=checked_name(name), association_id=association.id, association=association, language=i18n.language()
    )
    if email is not None:
        person.email = unused_email(email)
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError:  # somebody else took the address just now
        raise Refused({"email": _("Det finns redan någon med den e-postadressen.")}) from None
    return person


def unused_email(email: str) -> str:
    """Return the address in lower case. Raises Refused when it is none, or when somebody has it."""
    email = checked_email(email)
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Refused({"email": _("Det finns redan någon med den e-postadressen.")})
    return email


def grant(person: Person, role: str, organisation: Organisation, *, by: str | None = None) -> Membership:
    """Give the person a role at the organisation and return the membership, the old one if they have it already.

    `by` is the id of whoever grants it, None for the person themselves. Raises Refused.
    """
    if role not in ROLES:
        raise Refused({"role": _("Välj en roll.")})
    known = session.scalar(
        select(Membership).where(
            Membership.person_id == person.id, Membership.organisation_id == organisation.id, Membership.role == role
        )
    )
    if known is not None:
        return known
    membership = Membership(person=person, organisation=organisation, role=role)
    session.add(membership)
    session.flush()
    audit.record(
        "membership.grant", person_id=by or person.id, organisation_id=organisation.id, member=person.id, role=role
    )
    return membership


def revoke(membership: Membership, *, by: str | None = None) -> None:
    """Delete the membership. Raises Refused for the last administrator of an organisation, those above it included."""
    line = [node.id for node in organisations.above(membership.organisation_id)]
    others = select(Membership.id).where(
        Membership.role == "admin", Membership.id != membership.id, Membership.organisation_id.in_(line)
    )
    if membership.role == "admin" and not session.scalar(others):
        raise Refused(_("Den sista administratören kan inte tas bort."))
    audit.record(
        "membership.revoke",
        person_id=by,
        organisation_id=membership.organisation_id,
        member=membership.person_id,
        role=membership.role,
    )
    session.add(Removal(person=membership.person, organisation=membership.organisation, role=membership.role))
    membership.person.memberships.remove(membership)
    session.flush()


def removals(organisation_ids: Iterable[str]) -> list[Removal]:
    """Return the roles taken away lately at these organisations and beneath, the latest first."""
    query = select(Removal).where(
        Removal.organisation_id.in_(organisations.beneath_any(organisation_ids)),
        Removal.undone_at.is_(None),
        Removal.removed_at > clock.now() - REMOVAL_TIME,
    )
    return list(session.scalars(query.order_by(Removal.removed_at.desc(), Removal.id)))


def removed_from(person: Person) -> list[str]:
    """Return the names of the organisations where the person had a role, when there is none left."""
    if person.memberships:
        return []
    query = select(Removal).where(Removal.person_id == person.id, Removal.undone_at.is_(None))
    found = session.scalars(query.order_by(Removal.removed_at.desc()))
    return list(dict.fromkeys(removal.organisation.name for removal in found))


def give_back(removal: Removal, *, by: str) -> None:
    """Give a role back that was taken away. Twice is once."""
    removal.undone_at = removal.undone_at or clock.now()
    grant(present(removal.person), removal.role, removal.organisation, by=by)


def log_for(person: Person, association: Organisation) -> None:
    """Count what the person logs from now on for `association`."""
    person.association_id, person.association = association.id, association


def is_plain_volunteer(person: Person) -> bool:
    """Is this somebody without a password and with no role but that of a volunteer?"""
    return not person.password_hash and all(membership.role == "volunteer" for membership in person.memberships)


def is_anyone() -> bool:
    """Is there any person? A new installation has none."""
    return session.scalar(select(Person.id).limit(1)) is not None


def checked_name(name: str) -> str:
    """Return the name without superfluous spaces and invisible characters, which pasted names carry. Raises Refused."""
    name = texts.line(name)
    if not name:
        raise Refused({"name": _("Skriv ett namn.")})
    if len(name) > 60:
        raise Refused({"name": _("Namnet får ha högst 60 tecken.")})
    return name


def checked_email(email: str) -> str:
    """Return the address in lower case. Raises Refused when it is no address; whether it exists is not checked."""
    email = email.strip().casefold()
    local, at, domain = email.rpartition("@")
    if not local or not at or "." not in domain or any(c.isspace() for c in email) or len(email) > 254:
        raise Refused({"email": _("Skriv en e-postadress, till exempel bo@example.org.")})
    return email
