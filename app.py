#!/usr/bin/env python3
"""Starts Canvass, tests and measures it, on any machine that has Python 3.11 or later and nothing else.

The packages Canvass needs are locked in requirements/, one file per *layer*: run, postgres, test and
postgres-server. A layer that is missing here is installed by the pip in vendor/ into .environment/, in a folder
named after all that decides its content, and joins the path of this very process. So the second start installs
nothing, a changed lock or another Python gets a folder of its own, and .environment/ can be deleted at any time.
The rivals that the benchmark compares with are a layer that joins no path of ours.

Standard library only: this file runs before anything is installed.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("Canvass behöver Python 3.11 eller senare; det här är Python %d.%d." % sys.version_info[:2])

import argparse
import errno
import hashlib
import io
import os
import platform
import re
import shutil
import signal
import site
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
ENVIRONMENT = ROOT / ".environment"
PIP = next(ROOT.glob("vendor/pip-*.whl"), ROOT / "vendor") / "pip"
A_DAY = 24 * 60 * 60

USAGE = "python3 app.py [KOMMANDO …] [--port N] [--host ADRESS] [--data MAPP]"
HELP = f"""\
{USAGE}

  python3 app.py             startar Canvass på http://127.0.0.1:8000
  python3 app.py demo        startar med påhittade uppgifter i en egen databas, och ger en länk per roll
  python3 app.py test …      kör alla tester; det som står efter går vidare till pytest
  python3 app.py bench …     mäter hur fort det går, jämför med andra och skriver docs/performance.md
  python3 app.py KOMMANDO …  kör ett av produktens kommandon, som recount --check eller areas import FIL
  python3 app.py commands    räknar upp produktens kommandon

  --port N                   port att lyssna på: 8000 om inget sägs, en ledig för 0; även CANVASS_PORT
  --host ADRESS              adress att lyssna på: 127.0.0.1 om inget sägs; även CANVASS_HOST
  --data MAPP                databas, hemligheter och säkerhetskopior: instance om inget sägs; även CANVASS_DATA
"""


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit code."""
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
        parser.error(f"det finns ingen port {options.port}; välj en mellan 1 och 65535")
    command = rest.pop(0) if rest else "serve"
    if command in ("-h", "--help"):
        command = "help"
    elif command.startswith("-"):
        parser.error(f"{command} finns inte; se python3 app.py --help")
    elif rest and command in ("serve", "demo"):
        parser.error(f"{rest[0]} finns inte; se python3 app.py --help")

    data = options.data
    if data is None:
        data = Path(os.environ.get("CANVASS_DATA") or ROOT / "instance")
        data = data / "demo" if command == "demo" else data
    return Order(command, rest, options.host, options.port, data.absolute())


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
        find_chromium("Simuleringen")

    from canvass import cli

    if order.command in ("simulate", "commands"):
        from tests.simulation import simulate

        cli.commands.add_command(simulate)
    return cli.main(["--help"] if order.command == "commands" else [order.command, *order.rest])


def test(arguments: list[str]) -> int:
    """Run the tests, in a real browser and on a real PostgreSQL where they can be had; returns the exit code.

    What had to be left out is said at the end, and fails the run where CI=true.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        # Tests start dozens of servers, and each would compile all its packages. Nothing lands beside the sources.
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(ENVIRONMENT / "bytecode")
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    get_ready("run", "postgres", "test")
    os.chdir(ROOT)

    import pytest

    from tests import chromium

    left_out = []
    try:
        os.environ["CANVASS_TEST_CHROMIUM"] = chromium.obtain()
    except LookupError as reason:
        os.environ.pop("CANVASS_TEST_CHROMIUM", None)
        left_out.append(f"Inget prövades i en webbläsare. {reason}")
    try:
        os.environ["CANVASS_TEST_POSTGRES_BIN"] = find_postgres()
    except SystemExit as reason:
        left_out.append(f"Inget prövades på PostgreSQL, för ingen gick att få hit. {reason}")

    # The whole suite on two cores takes half the time.
    code = int(pytest.main(arguments or ["-n", "2", "--dist", "worksteal", "--durations", "10"]))
    sys.stdout.flush()
    for sentence in left_out:
        print(f"\nOBS! {sentence}", file=sys.stderr)
    return code or int(bool(left_out) and os.environ.get("CI") == "true")


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


def find_chromium(whose: str) -> None:
    """Say where a headless Chromium is, installed now if there is none; exits with a sentence when that fails."""
    from tests import chromium

    try:
        os.environ["CANVASS_TEST_CHROMIUM"] = chromium.obtain()
    except LookupError as reason:
        sys.exit(f"{whose} kördes inte. {reason}")


def get_ready_to_run(order: Order, port: int) -> None:
    """Set the environment for the product and the processes it starts, and install its packages."""
    os.environ |= {"CANVASS_HOST": order.host, "CANVASS_PORT": str(port), "CANVASS_DATA": str(order.data)}
    on_postgres = os.environ.get("CANVASS_DATABASE_URL", "").startswith("postgres")
    get_ready("run", *(["postgres"] if on_postgres else []))


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
            sys.exit(f"Det går inte att lyssna på {host}, port {port}: {error.strerror or error}.")
        sys.exit(
            f"Port {port} är upptagen, kanske av en Canvass som redan är igång. "
            f"Stäng den, eller välj en annan port: python3 app.py --port {port + 1}"
        )


# The packages


def get_ready(*layers: str) -> None:
    """Make these layers importable in their locked versions, installing what is missing."""
    if not all(folder_of(layer).is_dir() for layer in layers) and all(map(is_importable, layers)):
        return  # somebody else filled this environment, or this image, from the same lock
    own = [str(ROOT), *(str(ensure(layer)) for layer in layers)]

    # What else is installed on the machine stays out: a stray plugin or an older Flask would be a riddle.
    others = {*site.getsitepackages(), site.getusersitepackages(), *own}
    sys.path[:] = own + [path for path in sys.path if path not in others]
    os.environ["PYTHONPATH"] = os.pathsep.join(own)


def is_importable(layer: str) -> bool:
    """Whether this Python has the layer already. A line with a condition, for Windows say, is not asked for."""
    try:
        return all(metadata.version(name) == version for name, version, when in locked(layer) if not when)
    except metadata.PackageNotFoundError:
        return False


def locked(layer: str) -> list[tuple[str, str, str]]:
    """(name, version, condition) of each package in the layer's lock."""
    text = (REQUIREMENTS / f"{layer}.txt").read_text("utf-8")
    return re.findall(r"^([\w.-]+)==([^\s;]+)(?: ; (.+?))? \\$", text, re.MULTILINE)


def folder_of(layer: str) -> Path:
    """Where the layer is kept. A folder with this name is complete."""
    python = f"{sysconfig.get_config_var('EXT_SUFFIX')} {platform.machine()}"
    decisive = (REQUIREMENTS / f"{layer}.txt").read_bytes() + python.encode()
    return ENVIRONMENT / f"{layer}-{hashlib.sha256(decisive).hexdigest()[:12]}"


def ensure(layer: str) -> Path:
    """The layer's folder, filled if need be. Exits with a sentence when that fails."""
    folder = folder_of(layer)
    if folder.is_dir():
        return folder
    started = time.monotonic()
    try:
        with drafting(folder) as draft:
            install(layer, draft)
            if hasattr(os, "sync"):
                os.sync()  # a power cut must not leave the folder's name on the disk without all of its files
            try:
                (draft / "packages").rename(folder)
            except OSError:
                if not folder.is_dir():  # else another start was faster, with the same packages
                    raise
    except OSError as error:
        sys.exit(
            f"Canvass kan inte lägga paketen den behöver i {ENVIRONMENT}: {error.strerror or error}. "
            "Lägg programmet i en mapp som du får skriva i, med minst 1 GB ledigt, och starta igen."
        )
    print(f"Paketen ({layer}) kom på plats på {time.monotonic() - started:.0f} s.", file=sys.stderr)
    return folder


@contextmanager
def drafting(folder: Path) -> Iterator[Path]:
    """A scratch folder beside `folder`, gone afterwards whatever happens; after a crash, gone a day later."""
    for leftover in ENVIRONMENT.glob("*.draft"):
        if leftover.stat().st_mtime < time.time() - A_DAY:
            shutil.rmtree(leftover, ignore_errors=True)
    draft = ENVIRONMENT / f"{folder.name}-{time.time_ns()}.draft"
    try:
        (draft / "tmp").mkdir(parents=True)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def install(layer: str, draft: Path) -> None:
    """Have the shipped pip put the layer into draft/packages. Exits with a sentence when that fails."""
    command = [sys.executable, "-I", str(PIP), "install", "--target", str(draft / "packages")]
    command += ["--requirement", str(REQUIREMENTS / f"{layer}.txt"), "--require-hashes", "--no-deps"]
    # Ready-built packages only: building takes a compiler. And Python compiles what it uses when it first
    # uses it, which is much sooner done than compiling everything now.
    command += ["--only-binary", ":all:", "--no-compile", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--root-user-action", "ignore"]
    # The machine's own pip settings count (index, proxy, certificates), but for where to install and to work.
    settings = {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0", "PYTHONIOENCODING": "utf-8"}
    settings |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(draft / "tmp"))

    with subprocess.Popen(
        command,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        assert pip.stdout
        try:
            said = list(progress(layer, pip.stdout))
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        sys.exit("Paketen som Canvass behöver kunde inte installeras. " + explain("".join(said)))


def progress(layer: str, lines: Iterable[str]) -> Iterator[str]:
    """Pass pip's lines on and show how far it has come, on one line that moves; in a log, on one that does not."""
    moves = sys.stderr.isatty()
    expected, begun = len(locked(layer)), 0

    def show(text: str) -> None:
        print(f"\r{text:<79}\r", end="", file=sys.stderr, flush=True)

    if not moves:
        print(f"Hämtar paket ({layer}) …", file=sys.stderr, flush=True)
    for line in lines:
        yield line
        if line.startswith("Ignoring "):
            expected -= 1  # it is for another platform
        elif moves and line.startswith("Collecting "):
            begun += 1
            show(f"Hämtar paket ({layer}) {begun} av {expected}: {line.split()[1].partition('==')[0]}")
        elif moves and line.startswith("Installing collected "):
            show(f"Packar upp {expected} paket ({layer}) …")
        elif moves and "Retrying" in line:
            show("Nätet svarar inte; försöker igen …")
    if moves:
        show("")


def explain(said: str) -> str:
    """What went wrong and what to do about it, from what pip said, for somebody who never heard of pip."""
    causes = {
        r"No space left|not enough space": "Disken är full. Frigör minst 1 GB och starta igen.",
        r"Permission denied|Read-only file": f"{ENVIRONMENT} går inte att skriva i.",
        r"DO NOT MATCH THE HASHES": "Ett hämtat paket var inte det som Canvass är prövad med, och kastades. "
        "Försök igen; händer det på nytt, fråga den som sköter nätet.",
        r"(?i)retrying|connection|timed out|resolution|proxy|certificate": "Datorn når inte paketen. "
        "Kontrollera nätet och starta igen. Bakom en proxy gäller datorns vanliga inställningar för pip.",
        r"No matching distribution": "Ett av dem finns inte färdigbyggt för "
        f"Python {platform.python_version()} på {platform.platform()}. Pröva en annan Python, 3.11 till 3.14.",
        "": "Försök igen; händer det på nytt, visa raden nedan för den som sköter datorn.",
    }
    sentence = next(sentence for sign, sentence in causes.items() if re.search(sign, said))
    complaints = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()
    return "\n".join([sentence, *complaints[-1:]])


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old Windows console lacks letters: no reason to stop
    # Being told to stop is like Ctrl-C: what was begun is cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
