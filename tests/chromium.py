"""The browser that the browser tests drive: a headless Chromium, found on this machine or installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SHELL = "chromium-headless-shell"  # the one that has no windows at all: it starts twice as fast
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "microsoft-edge")
ON_MACOS = ("Google Chrome", "Chromium", "Microsoft Edge")
ON_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")


def obtain() -> str:
    """The path of a Chromium, installed now if there is none. Raises LookupError with a sentence."""
    path, said = find(), ""
    for command in () if path else installers():
        print(f"Hämtar en Chromium till testerna: {' '.join(command)}", file=sys.stderr, flush=True)
        done = subprocess.run(
            command,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        path, said = find(), done.stdout.strip()[-500:]
        if path:
            break
    if not path:
        raise LookupError(
            "Chromium eller Chrome behövs, och ingen gick att hitta eller hämta. "
            f"Installera en och försök igen.\n{said}"
        )
    return path


def find() -> str | None:
    """The path of a Chromium that is here already."""
    return next((str(path) for path in candidates() if path.is_file() and not is_snap(path)), None)


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


def installers() -> Iterator[list[str]]:
    """The commands that may bring one, in the order to try them."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        get = ["apt-get", "install", "--yes", "--no-install-recommends", SHELL]
        yield get
        yield ["apt-get", "update"]  # a new machine has no list of packages yet, an old one has an old list
        yield get
    yield [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
