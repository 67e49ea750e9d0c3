"""A small machine within this one: a control group with one core and 512 MB, or as much of that as is allowed here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MB, CORES = 512, 1
PERIOD = 100_000  # microseconds


@contextmanager
def small() -> Iterator[tuple[list[str], str]]:
    """(a command that runs what follows it on the small machine, what limits it)."""
    with _groups() as groups:
        if groups:
            enter = "".join(f"echo $$ > {group}/cgroup.procs && " for group in groups)
            version = "v1" if len(groups) > 1 else "v2"
            yield ["sh", "-c", f'{enter}exec "$@"', "sh"], f"cgroup {version}"
        elif os.geteuid() == 0 and shutil.which("systemd-run") and Path("/run/systemd/system").is_dir():
            limits = ["-p", f"CPUQuota={CORES * 100}%", "-p", f"MemoryMax={MB}M", "-p", "MemorySwapMax=0"]
            yield ["systemd-run", "--quiet", "--scope", *limits, "--"], "systemd-run"
        elif shutil.which("taskset"):
            yield ["taskset", "-c", "0"], "one core by taskset; memory not limited, cgroups are not allowed here"
        else:
            yield [], "not limited at all: neither cgroups nor taskset are to be had here"


@contextmanager
def _groups() -> Iterator[list[Path]]:
    """The control groups made for it, none where that is not allowed; removed afterwards."""
    name, made = f"canvass-bench-{os.getpid()}", []
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
            with suppress(OSError):
                group.rmdir()
