"""Passwords, by which leaders, board members and administrators sign in. Most volunteers have none."""

from __future__ import annotations

import secrets
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from canvass.core import audit
from canvass.core.db import let_go, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.members import people, sessions, throttle
from canvass.members.people import Person

SHORTEST, LONGEST = 10, 1000  # characters
# Wrong passwords for one e-mail address before it is blocked, and for how long.
TRIES, TRIES_WINDOW = 10, timedelta(minutes=15)

# OWASP's recommendation for argon2id: time 2, memory 19 MiB, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_unknown_hash = ""


def authenticate(email: str, password: str) -> Person | None:
    """Return the person with this address and password, else None after counting a failed try.

    Raises throttle.TooManyTries, without comparing anything, after too many of those.
    """
    email = email.strip().casefold()
    key = f"sign-in {email}"
    if throttle.is_blocked(key, TRIES, TRIES_WINDOW):
        raise throttle.TooManyTries
    person = session.scalar(select(Person).where(Person.email == email))
    stored = person.password_hash if person else None
    let_go()
    try:
        # An unknown address must take as long as a known one, or its time would give it away: compare with some hash.
        _hasher.verify(stored or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        throttle.count(key, TRIES_WINDOW)
        return None
    if person is None or not stored:
        return None
    if _hasher.check_needs_rehash(stored):
        person.password_hash = _hasher.hash(password)
    return person


def change(person: Person, password_hash: str) -> None:
    """Set another password, hashed, and end all the person's sessions."""
    person.password_hash = password_hash
    sessions.end_all(person)
    audit.record("person.password", person_id=person.id)


def give(person: Person, email: str, password_hash: str) -> None:
    """Let a volunteer sign in with an address and a password, hashed, from now on. Raises Refused."""
    person.email, person.password_hash = people.unused_email(email), password_hash
    audit.record("person.password", person_id=person.id)


def hashed(password: str) -> str:
    """Return the argon2 hash of the password. Raises Refused as `checked` does.

    It takes long, so it ends the transaction: call it before anything is changed.
    """
    checked(password)
    let_go()
    return _hasher.hash(password)


def checked(password: str) -> str:
    """Return the password. Raises Refused when it is too short or too long."""
    if len(password) < SHORTEST:
        raise Refused({"password": _("Lösenordet behöver minst %(count)s tecken.", count=SHORTEST)})
    if len(password) > LONGEST:
        raise Refused({"password": _("Lösenordet är för långt.")})
    return password


def _nobodys_hash() -> str:
    global _unknown_hash
    if not _unknown_hash:
        _unknown_hash = _hasher.hash(secrets.token_urlsafe())
    return _unknown_hash
