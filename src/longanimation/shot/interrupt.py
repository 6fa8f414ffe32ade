"""Ctrl-C and the terminate signal: stop at a clean point, then say how to go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; what is written can be resumed. `exit_code` as shells expect it (130 for Ctrl-C)."""

    def __init__(self, number: int = signal.SIGINT):
        super().__init__()
        self.exit_code = 128 + number


class StopRequest:
    """Turns SIGINT and SIGTERM, while entered, into a wish that `check` raises at the next clean point.

    Inside `impatient()` the wish is raised at once: for code whose unfinished work is thrown away anyhow. A second
    signal is always raised at once. Outside the main thread nothing is installed.
    """

    def __init__(self):
        self._wished: int | None = None
        self._impatient = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def check(self) -> None:
        """Raise `Interrupted` if a signal came."""
        if self._wished is not None:
            raise Interrupted(self._wished)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        self._impatient = True
        try:
            self.check()
            yield
        finally:
            self._impatient = False

    def _on_signal(self, number, _frame) -> None:
        again, self._wished = self._wished is not None, number
        if again or self._impatient:
            raise Interrupted(number)
