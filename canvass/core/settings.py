"""The settings, read from the environment as CANVASS_<NAME>, and the server's secrets. README.md lists the settings."""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

ROOT = Path(__file__).parents[2]
# Bytes; more than an area file may have, so that one that is too large is refused with a sentence, not a bare 413.
LARGEST_UPLOAD = 64 * 1024 * 1024
# A server that may be named in a policy for browsers, and a path with the three numbers of a tile, each once.
TILES_URL = re.compile(
    r"(?=[^{}]*(?:\{[zxy]\}[^{}]*){3}$)(?=.*\{z\})(?=.*\{x\})(?=.*\{y\})"
    r"(?:https://[a-z0-9.-]+(?::\d+)?|http://(?:localhost|127\.0\.0\.1)(?::\d+)?)/[^\s\"'<>;,\\]+",
    re.IGNORECASE,
)

DATABASE_URL = re.compile(r"(sqlite|postgres(ql)?(\+psycopg)?)://")


@dataclass(frozen=True)
class Setting:
    """One setting: its name, its default as the environment would give it, and what it means."""

    name: str
    default: str
    meaning: str

    @property
    def variable(self) -> str:
        return f"CANVASS_{self.name}"


SETTINGS = (
    Setting("DATA", "instance", "Folder for the database, the secrets and the backups."),
    Setting("DATABASE_URL", "", "SQLAlchemy address of the database; empty means SQLite in the data folder."),
    Setting("HOST", "127.0.0.1", "Address the server listens on."),
    Setting("PORT", "8000", "Port the server listens on."),
    Setting(
        "PUBLIC_URL",
        "",
        "The product's address on the internet, for links and QR codes; empty means the address asked.",
    ),
    Setting("PROXIES", "0", "How many trusted proxies stand in front; their X-Forwarded headers are believed."),
    Setting(
        "WORKERS", "1", "How many processes serve; more than one only on PostgreSQL, each with up to 50 connections."
    ),
    Setting("LANGUAGE", "sv", "Language for those who have not chosen one: sv or en."),
    Setting(
        "TILES_URL",
        "",
        "Tiles to lay under campaigns' maps: https://tiles.example.org/{z}/{x}/{y}.png; empty means none.",
    ),
    Setting("TILES_CREDIT", "", "Whose the tiles are, to be said beside the map."),
    Setting(
        "GEOCODER",
        "",
        "Service that finds addresses, as nominatim:https://nominatim.example.org; empty means that nobody is asked.",
    ),
)


def read(**overrides: Any) -> dict[str, Any]:
    """Return all settings by name, without the prefix; `overrides` win over the environment.

    Raises ValueError with a sentence for an operator when a value cannot be used.
    """
    values: dict[str, Any] = {s.name: os.environ.get(s.variable, s.default) for s in SETTINGS}
    values.update(overrides)
    values["DATA"] = Path(values["DATA"]).absolute()
    for name in ("PORT", "PROXIES", "WORKERS"):
        try:
            values[name] = int(values[name])
        except ValueError:
            raise ValueError(f"CANVASS_{name} must be a whole number, not {values[name]!r}") from None
    if values["LANGUAGE"] not in ("sv", "en"):
        raise ValueError(f"CANVASS_LANGUAGE must be sv or en, not {values['LANGUAGE']!r}")
    if values["TILES_URL"] and not TILES_URL.fullmatch(values["TILES_URL"]):
        raise ValueError(
            "CANVASS_TILES_URL must be an https address with {z}, {x} and {y} in its path (http only on localhost), "
            f"not {values['TILES_URL']!r}"
        )
    service, _, address = str(values["GEOCODER"]).partition(":")
    if values["GEOCODER"] and not (service == "nominatim" and address.startswith(("https://", "http://"))):
        raise ValueError(f"CANVASS_GEOCODER must be nominatim: and its address, not {values['GEOCODER']!r}")
    values["PUBLIC_URL"] = _public_url(str(values["PUBLIC_URL"]))
    if not values["DATABASE_URL"]:
        file = values["DATA"] / "canvass.db"
        values["DATABASE_URL"] = URL.create("sqlite", database=file.as_posix()).render_as_string()
    elif not DATABASE_URL.match(str(values["DATABASE_URL"])):
        raise ValueError("CANVASS_DATABASE_URL must begin with postgresql:// (or sqlite:///)")
    try:
        make_url(values["DATABASE_URL"])
    except (ValueError, SQLAlchemyError) as error:
        raise ValueError(f"CANVASS_DATABASE_URL is no address of a database: {error}") from None
    if not 0 <= values["PORT"] <= 65535:
        raise ValueError(f"CANVASS_PORT must be between 0 and 65535, not {values['PORT']}")
    if values["PROXIES"] < 0:
        raise ValueError(f"CANVASS_PROXIES must be 0 or more, not {values['PROXIES']}")
    if values["WORKERS"] < 1 or (values["WORKERS"] > 1 and str(values["DATABASE_URL"]).startswith("sqlite")):
        raise ValueError("CANVASS_WORKERS must be 1 on SQLite, which has one writer; on PostgreSQL it may be more")
    return values


def _public_url(given: str) -> str:
    """Return the public address without a slash at its end. Raises ValueError for what cannot stand before a path."""
    parts = urlsplit(given.rstrip("/"))
    try:
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        fine = False
    if given and (not fine or parts.path or parts.query or parts.fragment or "@" in parts.netloc or " " in given):
        raise ValueError(
            f"CANVASS_PUBLIC_URL must be an address like https://samtal.example.org, without a path, not {given!r}"
        )
    return given.rstrip("/")


def secret(data: Path, name: str) -> str:
    """Return the secret called `name`, made at first use and kept in secrets.json, which only its owner can read."""
    path = data / "secrets.json"
    try:
        known = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = {}
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise ValueError(
            f"{path} is damaged: it is not what Canvass wrote. Put a copy of it back. Without one, delete it: a new "
            "one is made, and join links, posters and calendar addresses that were handed out stop working."
        )
    if name not in known:
        known[name] = secrets.token_urlsafe(48)
        write_privately(path, json.dumps(known, indent=1))
    return known[name]


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read. A crash leaves the old file or the new, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
