"""Runs the measuring process, and starts another one if it dies or hangs, until all is measured or time is up."""

from __future__ import annotations

import subprocess
import time

from gpu.results import Results, failed
from gpu.worker import DEVICE_IS_BROKEN


def supervise(command: list[str], results: Results, *, limit: float | None, variant_limit: float) -> int:
    """Run `command`, which writes `results.path`, again and again until it ends by itself with 0.

    What was under way when it died, or for longer than `variant_limit` seconds, gets that as its reason; what was under
    way when `limit` seconds were over is left for the next time. Returns an exit code.
    """
    end = None if limit is None else time.time() + limit
    while True:
        process = subprocess.Popen(command)
        try:
            hung, late = _watch(process, results, end, variant_limit)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        current = Results.read(results.path)
        under_way = current.running()
        if under_way is None:
            if hung or process.returncode == DEVICE_IS_BROKEN:
                continue
            return 0 if late else process.returncode
        size, variant, began = under_way
        if late:
            current.forget(size, variant)
            print(f"time is up in {size} {variant}; the same command goes on from here")
            return 0
        why = f"took longer than {variant_limit:.3g} s" if hung else f"the process ended with code {process.returncode}"
        print(f"{size} {variant}: {why}")
        current.put(size, variant, failed(why, began))


def _watch(process: subprocess.Popen, results: Results, end: float | None, variant_limit: float) -> tuple[bool, bool]:
    """Wait for the process; returns (a variant hangs, time is up)."""
    while process.poll() is None:
        time.sleep(0.5)
        if end is not None and time.time() > end:
            return False, True
        under_way = Results.read(results.path).running()
        if under_way is not None and time.time() - under_way[2] > variant_limit:
            return True, False
    return False, False
