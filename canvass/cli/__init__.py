"""The commands, as `flask canvass …` and `python3 app.py …`: each calls functions of the packages below."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy import select

from canvass.cli import databases, starting
from canvass.cli.starting import bring_up_to_date, database_lines, prepared
from canvass.core import db, geojson, nearby, texts, wordlist
from canvass.counting import attempts
from canvass.fieldwork import area_files, areas
from canvass.members import people, sweden, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person

__all__ = ["attach", "bring_up_to_date", "commands", "database_lines", "main", "prepared"]

commands = AppGroup("canvass", help="Canvass: conversations, from the door to the board's spreadsheet.")
for command in (
    databases.backup,
    databases.dump_begins,
    databases.dump_verified,
    databases.restore,
    databases.carry_over,
    databases.migrations,
):
    commands.add_command(command)


MOST_LISTED = 20  # organisations
# Commands that make the database they end with.
BESIDES = ("restore", "carry-over")


def attach(app: Flask) -> None:
    """Register the commands as `flask canvass …`."""
    app.cli.add_command(commands)


def main(argv: list[str]) -> int:
    """Run one command of `python3 app.py` and return its exit code. What goes wrong becomes a sentence."""
    made: list[Flask] = []

    def make(*_script: object) -> Flask:
        made.append(starting.opened(needs_database=argv[0] not in BESIDES))
        return made[0]

    try:
        info = ScriptInfo(create_app=make)
        result: Any = commands.main(args=argv, prog_name="python3 app.py", obj=info, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return 130
    except starting.EXPECTED as error:
        print(starting.sentence(error), file=sys.stderr)
        return 2 if isinstance(error, starting.Misconfigured) else 1
    finally:
        for app in made:
            starting.leave(app)
    return result if isinstance(result, int) else 0


# --- counts -------------------------------------------------------------------------------------------------


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
    added = sweden.add_missing(start)
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
    token = tickets.sign_in_token(person)
    db.session.commit()
    public = nearby.public(current_app.config)
    click.echo(starting.address(public, "joining.sign_in_link", token=token))
    for sentence in nearby.advice(public):
        click.echo(sentence, err=True)


@commands.command()
@click.argument("email")
@click.argument("role", type=click.Choice(people.ROLES))
@click.option("--organisation", default=None, help="Name or id of the organisation; needed when there are several.")
def grant(email: str, role: str, organisation: str | None) -> None:
    """Give somebody a role at an organisation and all beneath it, such as a new tree's first administrator."""
    person = _person(email)
    if role != "volunteer":
        tickets.begin_anew(person)
    people.grant(person, role, _organisation(organisation))
    db.session.commit()


def _person(email: str) -> Person:
    person = db.session.scalar(select(Person).where(Person.email == email.strip().casefold()))
    if person is None:
        raise click.ClickException(f"Nobody has the address {email}.")
    return person


def _organisation(wanted: str | None) -> Organisation:
    query = select(Organisation).order_by(Organisation.name)
    if wanted:
        wanted = texts.line(wanted)
        query = query.where((Organisation.id == wanted) | (Organisation.name == wanted))
    found = list(db.session.scalars(query.limit(2)))
    if len(found) == 1:
        return found[0]
    several = f"Several are called {wanted}; use the id." if found and wanted else ""
    raise click.ClickException(
        "\n".join([several or "Say which organisation, by its name or id:", *_listed(wanted, found)])
    )


def _listed(wanted: str | None, found: list[Organisation]) -> list[str]:
    """Return a line for each organisation to choose from: those that were found, else as many as fit on a screen."""
    query = select(Organisation).order_by(Organisation.name)
    if found and wanted:
        query = query.where(Organisation.name == wanted)
    among = list(db.session.scalars(query.limit(MOST_LISTED + 1)))
    lines = [f"  {one.id}  {one.name} ({one.kind})" for one in among[:MOST_LISTED]]
    return lines + (["  … and more, as the page Organisation lists them."] if len(among) > MOST_LISTED else [])


# --- for developers -----------------------------------------------------------------------------------------


@commands.command(with_appcontext=False)
def translations() -> None:
    """Bring translations/en.po up to date with the sentences in the code and the templates."""
    lacking = wordlist.bring_up_to_date()
    for sentence in lacking:
        click.echo(sentence)
    click.echo(f"{len(lacking)} sentences lack an English translation.")
