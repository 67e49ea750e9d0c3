"""A whole year replayed by phones that misbehave, against the real server over HTTP: the proof on real input.

`plan` draws the year, `phones` and `browsers` live it, `office` runs the server, `ledger` is what the users know they
did, and `run` compares. What the phones do goes by HTTP alone; what an operator does goes by the product's own verbs.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import click

from tests.simulation import browsers, office, phones, plan, run

FEWEST = 8


@click.command()
@click.option("--scale", default=1.0, show_default=True, help="1: 5 000 conversations in some 20 000 attempts.")
@click.option("--phones", "number", default=60, show_default=True, type=click.IntRange(min=FEWEST + plan.BROWSERS))
@click.option("--seed", default=2023, show_default=True, help="The same seed gives the same year.")
@click.option("--no-browser", is_flag=True, help="Replay without the three phones that are real Chromium.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the data and the server's log in this new folder.")
@click.option("--database", "database_url", default="", help="Address of an empty database to use instead of SQLite.")
def simulate(scale: float, number: int, seed: int, no_browser: bool, keep: Path | None, database_url: str) -> None:
    """Replay a year on a server of its own, and compare its export with what the users know they did."""
    folder = keep or Path(tempfile.mkdtemp(prefix="canvass-simulation-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty.")
    year = plan.year(seed, scale, number, 0 if no_browser else plan.BROWSERS, datetime.now(plan.ZONE).date())
    try:
        result = run.Replay(folder, year, seed=seed, database_url=database_url).run()
    except (browsers.Unavailable, office.Failed, phones.Stuck) as error:
        raise click.ClickException(str(error)) from None
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    click.echo("\n".join([f"A year, seed {seed}, scale {scale:g}", *result.lines]))
    for problem in result.problems:
        click.echo(problem, err=True)
    if result.problems:
        raise click.exceptions.Exit(1)
