"""A disk that takes longer to sync, as most cheap servers have: a shim that waits before each fsync and fdatasync."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_first(void) {
    const char *ms = getenv("BENCH_SYNC_MS");
    usleep(1000 * (ms ? atoi(ms) : 0));
}

int fsync(int file) {
    wait_first();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file);
}

int fdatasync(int file) {
    wait_first();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}
"""


def slowed(folder: Path, milliseconds: int) -> dict[str, str]:
    """Environment variables that delay every sync of a process. Raises LookupError when that cannot be done here."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise LookupError("there is no C compiler (cc) to make a slow disk with")
    source, library = folder / "sync.c", folder / "sync.so"
    if not library.exists():
        source.write_text(SOURCE)
        command = [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise LookupError(f"the slow disk could not be made: {done.stderr[-200:]}")
    return {"LD_PRELOAD": str(library), "BENCH_SYNC_MS": str(milliseconds)}
