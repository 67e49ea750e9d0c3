"""The whole of the tests, and what they want of the machine: a Chromium, and a PostgreSQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from tests import chromium


def run(arguments: list[str], find_postgres: Callable[[], str]) -> int:
    """Run them; return the exit code. What had to be left out is said at the end, and fails the run where CI=true."""
    left_out = []
    try:
        os.environ["CANVASS_TEST_CHROMIUM"] = chromium.obtain()
    except LookupError as reason:
        os.environ.pop("CANVASS_TEST_CHROMIUM", None)
        left_out.append(f"Nothing was tried in a browser. {reason}")
    try:
        os.environ["CANVASS_TEST_POSTGRES_BIN"] = find_postgres()
    except SystemExit as reason:
        left_out.append(f"Nothing was tried on PostgreSQL, for none could be had. {reason}")

    # The whole suite on two cores takes half the time.
    code = int(pytest.main(arguments or ["-n", "2", "--dist", "worksteal", "--durations", "10"]))
    sys.stdout.flush()
    for sentence in left_out:
        print(f"\nNOTE: {sentence}", file=sys.stderr)
    return code or int(bool(left_out) and os.environ.get("CI") == "true")


def find_chromium(whose: str) -> None:
    """Say where a headless Chromium is, installed now if there is none; exits with a sentence when that fails."""
    try:
        os.environ["CANVASS_TEST_CHROMIUM"] = chromium.obtain()
    except LookupError as reason:
        sys.exit(f"{whose} was not run. {reason}")
