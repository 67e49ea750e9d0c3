"""The browser that tests drive: a headless Chromium, and Playwright's node that drives it; found or installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SHELL = "chromium-headless-shell"  # the one that has no windows at all: it starts twice as fast
LIBATOMIC = "libatomic1"  # node is linked with it, and a small Debian lacks it
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "microsoft-edge")
ON_MACOS = ("Google Chrome", "Chromium", "Microsoft Edge")
# Off the network: it sends no byte to another machine, whatever a page or the browser itself wants from one.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
ON_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")


def obtain() -> str:
    """The path of a Chromium that starts. What is missing is installed, where that is allowed.

    Raises LookupError with a sentence that says what to run.
    """
    lacking = missing()
    for package in list(lacking):
        for command in installers(package):
            print(f"Fetching what the browser tests need: {' '.join(command)}", file=sys.stderr, flush=True)
            run(command)
            lacking = missing()
            if package not in lacking:
                break
    path = find()
    if lacking or path is None:
        raise LookupError("\n".join([advice(lacking), *lacking.values()]))
    return path


def missing() -> dict[str, str]:
    """The Debian packages that are missing here, each with what shows it."""
    found = {}
    # First, since Playwright's own installer runs on it.
    if said := refusal(sys.executable, "-m", "playwright"):
        found[LIBATOMIC] = said
    if not find():
        found[SHELL] = "There is no Chromium or Chrome here that starts."
    return found


def find() -> str | None:
    """The path of a Chromium that is here already, and starts."""
    paths = (path for path in candidates() if path.is_file() and not is_snap(path))
    # On Windows it would open a window.
    return next((str(path) for path in paths if os.name == "nt" or not refusal(str(path))), None)


def candidates() -> Iterator[Path]:
    """Where one may be, the best place first."""
    if chosen := os.environ.get("CANVASS_TEST_CHROMIUM"):
        yield Path(chosen)
    if shell := shutil.which(SHELL):
        yield Path(shell)
    yield from playwrights_own()
    yield from (Path(path) for path in map(shutil.which, BROWSERS) if path)
    yield from (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in ON_MACOS)
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(variable):
            yield from (Path(folder, name) for name in ON_WINDOWS)


def playwrights_own() -> list[Path]:
    """The headless shells that Playwright has installed for this user, the newest first."""
    usual = {
        "darwin": Path.home() / "Library/Caches/ms-playwright",
        "win32": Path.home() / "AppData/Local/ms-playwright",
    }.get(sys.platform, Path.home() / ".cache/ms-playwright")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or usual)
    shells = [
        path
        for path in folder.glob("chromium_headless_shell-*/*/*")
        if path.stem in ("headless_shell", "chrome-headless-shell")
    ]
    return sorted(shells, reverse=True)


def is_snap(path: Path) -> bool:
    """Whether it is one of Ubuntu's snaps: those may not open the profiles that tests make for them."""
    return "snap" in path.resolve().parts


def refusal(*program: str) -> str:
    """What the program says when it does not start, a library that it lacks for instance; empty when it does."""
    done = run([*program, "--version"])
    return (done.stdout.strip() or f"{program[0]} ended with {done.returncode}.") if done.returncode else ""


def installers(package: str) -> Iterator[list[str]]:
    """The commands that may bring the package, in the order to try them."""
    is_root = os.name == "posix" and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        get = ["apt-get", "install", "--yes", "--no-install-recommends", package]
        yield get
        yield ["apt-get", "update"]  # a new machine has no list of packages yet, an old one has an old list
        yield get
    if package == SHELL:
        with_libraries = ["--with-deps"] if is_root and sys.platform == "linux" else []
        yield [sys.executable, "-m", "playwright", "install", *with_libraries, "--only-shell", "chromium"]


def advice(lacking: dict[str, str]) -> str:
    """What to do about it, in a sentence."""
    if shutil.which("apt-get"):
        return f"Run as root: apt-get update && apt-get install --yes {' '.join(lacking)}"
    return f"Install Chromium or Chrome, and what is missing as told below ({', '.join(lacking)})."


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it without questions; what it says is kept, errors too."""
    return subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
