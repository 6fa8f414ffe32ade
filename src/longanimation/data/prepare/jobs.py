"""The same function over many jobs, here or in worker processes, with progress from inside each job."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

import cv2

from longanimation.errors import InputError
from longanimation.shot.interrupt import StopRequest

_LOOK_EVERY = 0.3  # seconds between looks at progress and at the wish to stop

Tick = Callable[[float], None]


class Halted(Exception):
    """In a worker: the run is being stopped."""


def run_jobs(
    function: Callable[..., Any],
    jobs: Sequence[tuple],
    *,
    workers: int,
    stop: StopRequest,
    advance: Callable[[float], None],
) -> Iterator[Any]:
    """Results of `function(*job, tick)`, in any order.

    What a job passes to `tick` reaches `advance` here. A wish to stop is obeyed at the next tick of each job and raises
    `Interrupted`; the first error of a job stops the others and is raised.
    """
    if workers <= 1 or len(jobs) <= 1:

        def tick(amount: float) -> None:
            stop.check()
            advance(amount)

        for job in jobs:
            stop.check()
            yield function(*job, tick)
        return
    context = multiprocessing.get_context("spawn")
    amount, halted = context.Value("d", 0.0), context.Event()
    pool = ProcessPoolExecutor(min(workers, len(jobs)), context, _begin, (amount, halted))
    told = 0.0
    try:
        pending = {pool.submit(_run, function, job) for job in jobs}
        while pending:
            done, pending = wait(pending, timeout=_LOOK_EVERY, return_when=FIRST_COMPLETED)
            now = amount.value
            if now > told:
                advance(now - told)
                told = now
            for future in done:
                yield future.result()
            stop.check()
    except BrokenProcessPool as error:
        raise InputError("a worker process was killed, perhaps for memory; run again with fewer workers") from error
    finally:
        halted.set()
        pool.shutdown(cancel_futures=True)


_amount = _halted = None


def _begin(amount, halted) -> None:
    global _amount, _halted
    _amount, _halted = amount, halted
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the parent decides
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent must not leave a worker that writes into a folder another run may own by then."""
    with suppress(OSError):
        multiprocessing.parent_process().join()
    os._exit(1)


def _run(function: Callable[..., Any], job: tuple) -> Any:
    return function(*job, _tick)


def _tick(amount: float) -> None:
    if _halted.is_set():
        raise Halted
    with _amount.get_lock():
        _amount.value += amount
