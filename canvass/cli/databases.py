"""Commands for the database as a whole: backups, putting them back, another engine, and migrations for developers."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade
from flask_migrate.cli import db as every_migration_command

from canvass.cli import starting
from canvass.core import audit, backups, carriage, clock, db, schemas, state

# What needs no database that is worth keeping. There is no downgrade: a backup taken before an upgrade is the way back.
OFFERED = ("migrate", "check", "current", "heads", "history", "show")

migrations = AppGroup("db", help="Migrations, for developers. The server upgrades by itself, after a backup.")
for name in OFFERED:
    migrations.add_command(every_migration_command.commands[name])


@click.command()
@with_appcontext
def backup() -> None:
    """Take a verified backup into the data folder, while the server runs."""
    path = backups.take(current_app.config["DATA"] / "backups")
    db.session.commit()
    click.echo(str(path))


@click.command("dump-begins")
@with_appcontext
def dump_begins() -> None:
    """Say that a dump of the database begins, by the operator's own tools; prints the word for dump-verified."""
    click.echo(state.backup_begins())


@click.command("dump-verified")
@click.argument("word")
@with_appcontext
def dump_verified(word: str) -> None:
    """Say that the dump has been put back somewhere and found whole: phones need not keep what is in it."""
    try:
        state.backup_is_verified(word)
    except LookupError:
        raise click.ClickException(
            "No dump has begun with that word, or the database has been restored since: begin another with dump-begins."
        ) from None
    audit.record("backup.dump")
    db.session.commit()


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def restore(file: Path) -> None:
    """Put a backup back while the server is stopped; phones then send again what it lacks."""
    data, engine = current_app.config["DATA"], db.db.engine
    path = starting.sqlite_file(engine)
    engine.dispose()
    if path:
        aside = backups.restore(file, path)
        state.forget_received(data)
    else:
        state.forget_received(data)
        aside = backups.restore_postgres(file, engine, data / "backups")
        if starting.revision_of(engine) == schemas.head():  # else the start that upgrades it begins one
            state.new_epoch()
            db.session.commit()
    click.echo("Restored." + (f" The former database is {aside}." if aside else ""))


@click.command("carry-over")
@with_appcontext
def carry_over() -> None:
    """Carry the SQLite database of the data folder over to an empty PostgreSQL, and compare the number of rows."""
    source, engine = current_app.config["DATA"] / "canvass.db", db.db.engine
    if starting.sqlite_file(engine):
        raise click.ClickException("Set CANVASS_DATABASE_URL to the address of an empty PostgreSQL database first.")
    if not source.exists():
        raise click.ClickException(f"There is no {source} to carry over.")
    if starting.revision_of(engine) is not None and state.epoch():
        raise click.ClickException("That PostgreSQL database is not empty.")
    with carriage.still(source) as old:
        if (present := starting.revision_of(old)) != schemas.head():
            raise click.ClickException(
                f"{source} is of another version ({present}): start the server once on it first."
            )
        db.session.remove()
        upgrade()
        rows = carriage.carry(old, engine)
    # A start that has lost CANVASS_DATABASE_URL must not go on with the old rows.
    aside = source.with_name(f"{source.name}.before-{clock.now():%Y%m%dT%H%M%S%f}")
    source.rename(aside)
    click.echo(f"{rows} rows carried over, counted in each table. The SQLite database is {aside}.")
