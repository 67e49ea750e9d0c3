"""The packages Canvass needs, put in place on a machine that has Python and nothing else.

They are locked in this folder, one file per *layer*: run, postgres, test and postgres-server. A layer that is missing
is installed by the pip in vendor/ into .environment/, in a folder named after all that decides its content, and joins
the path of this very process. So the second start installs nothing, a changed lock or another Python gets a folder of
its own, and .environment/ can be deleted at any time. The rivals that the benchmark compares with are a layer that
joins no path of ours.

Standard library only: this is imported before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import site
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
ENVIRONMENT = ROOT / ".environment"
PIP = next(ROOT.glob("vendor/pip-*.whl"), ROOT / "vendor") / "pip"
A_DAY = 24 * 60 * 60


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
        refuse_damaged(folder)
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
            f"Canvass cannot put the packages it needs in {ENVIRONMENT}: {error.strerror or error}. "
            "Put the program in a folder that you may write in, with at least 1 GB free, and start again."
        )
    print(f"The packages ({layer}) were installed in {time.monotonic() - started:.0f} s.", file=sys.stderr)
    return folder


def refuse_damaged(folder: Path) -> None:
    """Exit with a sentence if a file of a package is missing, or shorter than it was: emptied, or cut by a full disk.

    It may be longer: some add their certificates.
    """
    for record in folder.glob("*.dist-info/RECORD"):
        for line in record.read_text("utf-8").splitlines():
            name, _, size = (part.strip('"') for part in line.rsplit(",", 2))
            path = folder / name
            if size and not name.startswith("..") and not (path.is_file() and path.stat().st_size >= int(size)):
                sys.exit(f"{path} is damaged. Delete the folder {folder} and start again: it is then installed anew.")


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
        sys.exit("The packages that Canvass needs could not be installed. " + explain("".join(said)))


def progress(layer: str, lines: Iterable[str]) -> Iterator[str]:
    """Pass pip's lines on and show how far it has come, on one line that moves; in a log, on one that does not."""
    moves = sys.stderr.isatty()
    expected, begun = len(locked(layer)), 0

    def show(text: str) -> None:
        print(f"\r{text:<79}\r", end="", file=sys.stderr, flush=True)

    if not moves:
        print(f"Fetching packages ({layer}) …", file=sys.stderr, flush=True)
    for line in lines:
        yield line
        if line.startswith("Ignoring "):
            expected -= 1  # it is for another platform
        elif moves and line.startswith("Collecting "):
            begun += 1
            show(f"Fetching packages ({layer}) {begun} of {expected}: {line.split()[1].partition('==')[0]}")
        elif moves and line.startswith("Installing collected "):
            show(f"Unpacking {expected} packages ({layer}) …")
        elif moves and "Retrying" in line:
            show("The network does not answer; trying again …")
    if moves:
        show("")


def explain(said: str) -> str:
    """What went wrong and what to do about it, from what pip said, for somebody who never heard of pip."""
    causes = {
        r"No space left|not enough space": "The disk is full. Free at least 1 GB and start again.",
        r"Permission denied|Read-only file": f"{ENVIRONMENT} cannot be written to.",
        r"DO NOT MATCH THE HASHES": "A package that was fetched was not the one that Canvass has been tested with, and "
        "was thrown away. Try again; if it happens again, ask whoever runs the network.",
        r"(?i)retrying|connection|timed out|resolution|proxy|certificate": "The machine does not reach the packages. "
        "Check the network and start again. Behind a proxy the machine's ordinary settings for pip count.",
        r"No matching distribution": "One of them is not ready-built for "
        f"Python {platform.python_version()} on {platform.platform()}. Try another Python, 3.11 to 3.14.",
        "": "Try again; if it happens again, show the line below to whoever runs the machine.",
    }
    sentence = next(sentence for sign, sentence in causes.items() if re.search(sign, said))
    complaints = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()
    return "\n".join([sentence, *complaints[-1:]])
