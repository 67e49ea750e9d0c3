"""The commands, as `flask canvass …` and `python3 app.py …`: each calls functions of the packages below."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, ScriptInfo
from flask_migrate import upgrade
from flask_migrate.cli import db as migrations
from sqlalchemy import select

from canvass.core import backups, db, geojson, state, texts, wordlist
from canvass.core.refusals import Refused
from canvass.counting import attempts, receipts
from canvass.fieldwork import area_files, areas
from canvass.insight import walls
from canvass.members import joining, people, sweden
from canvass.members.organisations import Organisation
from canvass.members.people import Person

commands = AppGroup("canvass", help="Canvass: samtal från dörren till styrelsens kalkylblad.")
commands.add_command(migrations)


def attach(app: Flask) -> None:
    """Register the commands as `flask canvass …`."""
    app.cli.add_command(commands)


@contextmanager
def prepared(data: str | os.PathLike[str], base_url: str, demo: bool = False) -> Iterator[list[str]]:
    """Bring the database up to date and hold its lock inside the block; give the lines to print when the server starts.

    Raises RuntimeError with a sentence when the database must not be opened or is not safe to commit to.
    """
    from canvass import create_app

    app = create_app(DATA=Path(data))
    with app.app_context():
        try:
            bring_up_to_date(app)
            lines = [*database_lines(), *(demo_lines(base_url) if demo else set_up_lines(base_url))]
            db.session.remove()
            yield lines
        finally:
            db.db.engine.dispose()


def bring_up_to_date(app: Flask) -> None:
    """Check that the engine is safe to commit to, upgrade the schema, and begin a new epoch if the database went back.

    Needs an app context. Raises RuntimeError with a sentence when it is not safe, or must not be opened.
    """
    app.config["DATA"].mkdir(parents=True, exist_ok=True)
    wrong = db.complaints(db.db.engine)  # before the upgrade, which ends the process on any error of its own
    if wrong:
        raise RuntimeError(" ".join(wrong))
    upgrade()
    state.begin(app.config["DATA"], receipts.last_received_at())


def database_lines() -> list[str]:
    """Return lines for the operator: the database's engine, and a warning when it is on a network file system."""
    engine = db.db.engine
    with engine.connect().execution_options(reading=True) as connection:
        facts = db.describe(connection)
    mode = f", journal_mode={facts['journal_mode']}" if "journal_mode" in facts else ""
    lines = [f"Databas: {facts['engine']} {facts['version']}{mode}"]
    if kind := db.network(engine):
        lines.append(
            f"Databasen ligger på ett filsystem som flera datorer kan nå ({kind}). Den delar därför inget minne, "
            "och varje sparande tar längre tid. En egen disk är både snabbare och säkrare."
        )
    return lines


def set_up_lines(base_url: str) -> list[str]:
    """Return a line with a new set-up link, none once there are people. Commits."""
    if people.is_anyone():
        return []
    token = joining.setup_token()
    db.session.commit()
    return [f"Öppna den här länken en gång för att komma igång: {_address(base_url, 'setup.begin', token=token)}"]


def demo_lines(base_url: str) -> list[str]:
    """Fill the demo; return a line with a one-time sign-in link for each role, and one with the wallboard. Commits."""
    from canvass import demo

    cast = demo.fill()
    lines = [
        f"{role} {_address(base_url, 'joining.demo', token=joining.sign_in_token(person))}"
        for role, person in cast.items()
    ]
    secret = current_app.config["SECRET_KEY"]
    demo.links(secret)
    wall = demo.wall(cast["leader"], secret)
    if wall is not None:
        lines.append(f"wall {_address(base_url, 'walls.wall', token=walls.token(wall, secret))}")
    db.session.commit()
    return lines


def _address(base_url: str, endpoint: str, **values: str) -> str:
    """Return a view's full address, outside any request."""
    return base_url + current_app.url_map.bind("localhost").build(endpoint, values)


def main(argv: list[str]) -> int:
    """Run one command of `python3 app.py` on an up-to-date database and return its exit code."""
    from canvass import create_app

    try:
        app = create_app()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    with app.app_context():
        if not argv or argv[0] not in ("restore", "simulate"):  # restore replaces the database, simulate uses another
            try:
                bring_up_to_date(app)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
    info = ScriptInfo(create_app=lambda *_: app)
    try:
        result: Any = commands.main(args=argv, prog_name="python3 app.py", obj=info, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return 130
    return result if isinstance(result, int) else 0


# --- counts and backups -------------------------------------------------------------------------------------


@commands.command()
@click.option("--check", is_flag=True, help="Only compare; exit with 1 when a counter disagrees with the rows.")
def recount(check: bool) -> None:
    """Count everything again from the rows of attempts."""
    db.session.rollback()
    db.read_only()
    drift = attempts.drift()
    db.session.rollback()
    for cell, (says, should) in sorted(drift.items()):
        click.echo(f"{' '.join(cell)}: {says}, should be {should}")
    click.echo(f"{len(drift)} counters differ from the rows.")
    if check and drift:
        raise click.exceptions.Exit(1)
    # One organisation after the other, so that those who log wait for one only.
    for owner in {(cell.campaign_id, cell.organisation_id) for cell in drift}:
        db.repeat(partial(attempts.recount, *owner))
    if drift:
        click.echo("Counted again.")


@commands.command()
def backup() -> None:
    """Take a verified backup into the data folder, while the server runs."""
    try:
        path = backups.take(current_app.config["DATA"] / "backups")
    except backups.Failed as error:
        raise click.ClickException(str(error)) from None
    db.session.commit()
    click.echo(str(path))


@commands.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put a backup back while the server is stopped; phones then send again what it lacks."""
    url = db.db.engine.url
    if url.get_backend_name() != "sqlite":
        raise click.ClickException("A PostgreSQL database is restored with its own tools; see README.md.")
    db.db.engine.dispose()
    try:
        aside = backups.restore(file, Path(str(url.database)))
    except backups.Failed as error:
        raise click.ClickException(str(error)) from None
    state.forget_received(current_app.config["DATA"])
    click.echo(f"Restored. The former database is {aside}.")


# --- the tree and the ground --------------------------------------------------------------------------------


@commands.group("organisations", cls=AppGroup)
def organisation_commands() -> None:
    """The tree of organisations."""


@organisation_commands.command("import-sweden")
@click.option(
    "--beneath", default=None, help="Name or id of the organisation to start from; the whole party when left out."
)
def import_sweden(beneath: str | None) -> None:
    """Add the districts and municipal organisations that are missing."""
    start = _organisation(beneath) if beneath else None
    try:
        added = sweden.add_missing(start)
    except Refused as error:
        raise click.ClickException(str(error)) from None
    db.session.commit()
    click.echo(f"{added['district']} districts and {added['municipal']} municipal organisations added.")
    if added["placed"]:
        click.echo(f"{added['placed']} that were here already have found their place in the tree.")


@commands.group("areas", cls=AppGroup)
def area_commands() -> None:
    """Areas and their outlines."""


@area_commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organisation", default=None, help="Name or id of the owner; needed when there are several.")
@click.option("--code-field", default=None, help="The property that holds the code, when it is not found by itself.")
@click.option("--name-field", default=None, help="The property that holds the name.")
@click.option(
    "--housing", type=click.Choice(areas.HOUSING), default=None, help="For areas where the file does not say."
)
@click.option("--layer", default=None, help="The layer of a GeoPackage that has several.")
@click.option("--rest", is_flag=True, help="Import what can be read, and leave out what cannot.")
@click.option("--preview", is_flag=True, help="Only tell what would happen.")
def import_areas(
    file: Path,
    organisation: str | None,
    code_field: str | None,
    name_field: str | None,
    housing: str | None,
    layer: str | None,
    rest: bool,
    preview: bool,
) -> None:
    """Import areas from a GeoJSON, GeoPackage or KML file, in WGS84 or SWEREF 99 TM: all of it, unless told --rest."""
    reading = geojson.read(file.read_bytes(), code_field, name_field, layer)
    if reading.asks:
        option = "--layer" if reading.asks == "layer" else "--code-field and --name-field"
        offered = ", ".join(name for name, _examples in reading.choices)
        raise click.ClickException(f"Say which with {option}: {offered}.")
    plan = area_files.compare(_organisation(organisation), reading, housing=housing or "")
    for sentence in [*reading.notes, *(problem.sentence for problem in plan.problems)]:
        click.echo(sentence, err=True)
    numbers = len(plan.added), len(plan.changed), len(plan.unchanged), len(plan.problems)
    click.echo("{} new, {} changed, {} unchanged, {} refused.".format(*numbers))
    if plan.problems and not (rest and reading.features):
        raise click.exceptions.Exit(1)
    if not preview:
        area_files.carry_out(plan, housing=housing or "", skips_faulty=rest)
        db.session.commit()


# --- people -------------------------------------------------------------------------------------------------


@commands.command("sign-in-link")
@click.argument("email")
def sign_in_link(email: str) -> None:
    """Print a link that signs a person in once, for somebody who has forgotten the password."""
    person = _person(email)
    token = joining.sign_in_token(person)
    db.session.commit()
    base = current_app.config["PUBLIC_URL"] or f"http://{current_app.config['HOST']}:{current_app.config['PORT']}"
    click.echo(_address(base, "joining.sign_in_link", token=token))


@commands.command()
@click.argument("email")
@click.argument("role", type=click.Choice(people.ROLES))
@click.option("--organisation", default=None, help="Name or id of the organisation; needed when there are several.")
def grant(email: str, role: str, organisation: str | None) -> None:
    """Give somebody a role at an organisation and all beneath it, such as a new tree's first administrator."""
    people.grant(_person(email), role, _organisation(organisation))
    db.session.commit()


def _person(email: str) -> Person:
    person = db.session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    if person is None:
        raise click.ClickException(f"Nobody has the address {email}.")
    return person


def _organisation(wanted: str | None) -> Organisation:
    query = select(Organisation)
    if wanted:
        wanted = texts.line(wanted)
        query = query.where((Organisation.id == wanted) | (Organisation.name == wanted))
    found = list(db.session.scalars(query.limit(2)))
    if len(found) != 1:
        raise click.ClickException(
            "Say which organisation, by its name or id."
            if not found or not wanted
            else f"Several are called {wanted}; use the id."
        )
    return found[0]


# --- for developers -----------------------------------------------------------------------------------------


@commands.command()
def translations() -> None:
    """Bring translations/en.po up to date with the sentences in the code and the templates."""
    lacking = wordlist.bring_up_to_date()
    for sentence in lacking:
        click.echo(sentence)
    click.echo(f"{len(lacking)} sentences lack an English translation.")
