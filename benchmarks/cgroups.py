"""A small machine within this one: a control group with one core and 512 MB, or as much of that as is allowed here."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MB, CORES = 512, 1
PERIOD = 100_000  # microseconds
PATIENCE = 10  # seconds for the last process to leave a group
V1, V2, SYSTEMD, TASKSET, NOT_AT_ALL = WAYS = (
    "cgroup v1",
    "cgroup v2",
    "systemd-run",
    "one core by taskset; memory not limited, since cgroups are not allowed here",
    "not limited: neither cgroups nor taskset are to be had here",
)


@contextmanager
def small() -> Iterator[tuple[list[str], str]]:
    """(a command that runs what follows it on the small machine, which of WAYS limits it)."""
    with _groups() as groups:
        if groups:
            enter = "".join(f"echo $$ > {group}/cgroup.procs && " for group in groups)
            yield ["sh", "-c", f'{enter}exec "$@"', "sh"], V1 if len(groups) > 1 else V2
        elif os.geteuid() == 0 and shutil.which("systemd-run") and Path("/run/systemd/system").is_dir():
            limits = ["-p", f"CPUQuota={CORES * 100}%", "-p", f"MemoryMax={MB}M", "-p", "MemorySwapMax=0"]
            yield ["systemd-run", "--quiet", "--scope", *limits, "--"], SYSTEMD
        elif shutil.which("taskset"):
            yield ["taskset", "-c", "0"], TASKSET
        else:
            yield [], NOT_AT_ALL


@contextmanager
def _groups() -> Iterator[list[Path]]:
    """The control groups made for it, none where that is not allowed; removed afterwards."""
    name, made = f"canvass-bench-{os.getpid()}-{time.monotonic_ns()}", []
    bytes_, quota = str(MB * 1024 * 1024), str(CORES * PERIOD)
    if (ROOT / "cgroup.controllers").exists():
        wanted = {ROOT / name: {"memory.max": bytes_, "cpu.max": f"{quota} {PERIOD}"}}
    else:
        wanted = {
            ROOT / "memory" / name: {"memory.limit_in_bytes": bytes_},
            ROOT / "cpu" / name: {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": quota},
        }
    try:
        try:
            for group, limits in wanted.items():
                group.mkdir()
                made.append(group)
                for file, value in limits.items():
                    (group / file).write_text(value)
        except OSError:
            yield []
        else:
            yield made
    finally:
        for group in made:
            _remove(group)


def _remove(group: Path) -> None:
    """Remove the group once the last process has left it, which takes a moment after its end."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            return group.rmdir()
        except OSError:
            time.sleep(0.05)
    return None
