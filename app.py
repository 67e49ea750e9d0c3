#!/usr/bin/env python3
"""Starts Canvass, tests and measures it, on any machine that has Python 3.11 or later and nothing else.

What it needs besides is put in place by requirements/layers.py. Standard library only: this file runs before that.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("Canvass needs Python 3.11 or later; this is Python %d.%d." % sys.version_info[:2])

import argparse
import errno
import io
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from requirements.layers import ENVIRONMENT, ROOT, ensure, get_ready

SETTINGS = ROOT / "canvass.env"

USAGE = "python3 app.py [COMMAND …] [--port N] [--host ADDRESS] [--data FOLDER]"
HELP = f"""\
{USAGE}

  python3 app.py             starts Canvass on http://127.0.0.1:8000
  python3 app.py demo        starts with made-up data in a database of its own, and gives a link for each role
  python3 app.py test …      runs all tests; what follows goes to pytest
  python3 app.py bench …     measures how fast it is, compares with others and writes docs/performance.md
  python3 app.py COMMAND …   runs one of the product's commands, such as recount --check or areas import FILE
  python3 app.py commands    lists the product's commands

  --port N                   port to listen on: 8000 unless said, a free one for 0; also CANVASS_PORT
  --host ADDRESS             address to listen on: 127.0.0.1 unless said, 0.0.0.0 for all; also CANVASS_HOST
  --data FOLDER              database, secrets and backups: instance unless said; also CANVASS_DATA

Settings may stand in {SETTINGS.name} beside app.py, for the server and every command; see README.md.
"""


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit code."""
    if arguments[:1] not in (["test"], ["bench"]):
        settle(SETTINGS)
    order = read(arguments)
    if order.command == "help":
        print(HELP, end="")
        return 0
    if order.command == "test":
        return test(order.rest)
    if order.command == "bench":
        return bench(order.rest)
    if order.command in ("serve", "demo"):
        return serve(order)
    return run(order)


# The command line


@dataclass(frozen=True)
class Order:
    """What is asked for: a command, what follows it, and the options that may stand anywhere."""

    command: str
    rest: list[str]
    host: str
    port: int
    data: Path


def read(arguments: list[str]) -> Order:
    """Understand a command line, or exit with a sentence."""
    parser = argparse.ArgumentParser(usage=USAGE, add_help=False, allow_abbrev=False)
    parser.add_argument("--host", default=os.environ.get("CANVASS_HOST", "127.0.0.1"))
    parser.add_argument("--port", default=os.environ.get("CANVASS_PORT", "8000"), type=int)
    parser.add_argument("--data", type=Path)
    options, rest = parser.parse_known_args(arguments)

    if not 0 <= options.port <= 65535:
        parser.error(f"there is no port {options.port}; choose one between 1 and 65535")
    command = rest.pop(0) if rest else "serve"
    if command in ("-h", "--help"):
        command = "help"
    elif command.startswith("-"):
        parser.error(f"there is no {command}; see python3 app.py --help")
    elif rest and command in ("serve", "demo"):
        parser.error(f"there is no {rest[0]}; see python3 app.py --help")

    data = options.data
    if data is None:
        data = Path(os.environ.get("CANVASS_DATA") or ROOT / "instance")
        data = data / "demo" if command == "demo" else data
    return Order(command, rest, options.host, options.port, data.absolute())


def settle(file: Path) -> None:
    """Set the environment variables in the file, where the environment does not have them. Exits with a sentence."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"The settings in {file} cannot be read ({error}). Run this as who owns the file, or as root.")
    for number, line in enumerate(lines, 1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not name or name.startswith("#"):
            continue
        if not equals or not name.isidentifier():
            sys.exit(f"{file}, line {number}: a setting is written NAME=value, and a remark begins with #.")
        if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
            value = value[1:-1]
        os.environ.setdefault(name, value)


# What it does


def serve(order: Order) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    port = claim(order.host, order.port)
    if order.command == "demo":
        # Made-up people never go into the real database, wherever that is.
        os.environ.pop("CANVASS_DATABASE_URL", None)
    get_ready_to_run(order, port)

    from canvass.serving import server

    return server.serve(order.host, port, demo=order.command == "demo")


def run(order: Order) -> int:
    """Hand a command over to the product."""
    get_ready_to_run(order, order.port)
    if order.command == "simulate" and not {"--no-browser", "--help"} & set(order.rest):
        get_ready("run", "postgres", "test")  # three of its phones are real browsers
        from tests import suite

        suite.find_chromium("The simulation")

    from canvass import cli

    if order.command in ("simulate", "commands"):
        from tests.simulation import simulate

        cli.commands.add_command(simulate)
    return cli.main(["--help"] if order.command == "commands" else [order.command, *order.rest])


def test(arguments: list[str]) -> int:
    """Run the tests, in a real browser and on a real PostgreSQL where they can be had; returns the exit code."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Tests start dozens of servers, and each would compile all its packages. Nothing lands beside the sources.
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(ENVIRONMENT / "bytecode")
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    get_ready("run", "postgres", "test")
    os.chdir(ROOT)

    from tests import suite

    return suite.run(arguments, find_postgres)


def bench(arguments: list[str]) -> int:
    """Measure, on a real PostgreSQL and beside its rivals where they can be had; returns the exit code."""
    get_ready("run", "postgres")
    os.chdir(ROOT)

    from benchmarks import bench as measurements

    return measurements.main(arguments, postgres=find_postgres, rivals=lambda: str(ensure("rivals")))


def find_postgres() -> str:
    """The folder of PostgreSQL's programs, installed now if the machine has none; exits with a sentence."""
    from tests import postgres

    return str(postgres.find() or postgres.find(ensure("postgres-server")))


def get_ready_to_run(order: Order, port: int) -> None:
    """Set the environment for the product and the processes it starts, and install its packages."""
    os.environ |= {"CANVASS_HOST": order.host, "CANVASS_PORT": str(port), "CANVASS_DATA": str(order.data)}
    on_postgres = os.environ.get("CANVASS_DATABASE_URL", "").startswith("postgres")
    if owner_of(ENVIRONMENT) == owner_of(order.data):
        become_owner(order.data)
    get_ready("run", *(["postgres"] if on_postgres else []))
    become_owner(order.data)


def owner_of(path: Path) -> int:
    """The id of who owns the path, or the folder where it would be made."""
    return next(place for place in (path, *path.parents) if place.exists()).stat().st_uid


def become_owner(data: Path) -> None:
    """Root goes on as who owns the data: files that root makes would be in the server's way."""
    if os.name != "posix" or os.geteuid() != 0 or not (owner := owner_of(data)):
        return
    import pwd

    try:
        entry = pwd.getpwuid(owner)
    except KeyError:
        sys.exit(f"{data} belongs to somebody without a name on this machine ({owner}). Run this as who owns it.")
    os.initgroups(entry.pw_name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(owner)
    os.environ["HOME"] = entry.pw_dir  # of PostgreSQL's password file
    if not all(os.access(path, os.R_OK) for path in (os.__file__, __file__)):
        sys.exit(
            f"{data} belongs to {entry.pw_name}, who may not read this Python ({sys.executable}) or this program "
            f"({ROOT}). Use a Python of the machine's, such as /usr/bin/python3."
        )


def claim(host: str, port: int) -> int:
    """The port to listen on: `port` itself, or a free one for 0. Exits with a sentence when it is taken."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            if os.name == "posix":
                # As the server will: what is left of a server stopped a moment ago is not in the way.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            return int(trial.getsockname()[1])
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            sys.exit(f"It is not possible to listen on {host}, port {port}: {error.strerror or error}.")
        sys.exit(
            f"Port {port} is taken, perhaps by a Canvass that runs already. "
            f"Stop that, or choose another port: python3 app.py --port {port + 1 if port < 65535 else 8000}"
        )


if __name__ == "__main__":
    if sys.getfilesystemencoding() != "utf-8":  # an old locale, in which not every path can be written
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old Windows console lacks letters: no reason to stop
    # Being told to stop is like Ctrl-C: what was begun is cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
