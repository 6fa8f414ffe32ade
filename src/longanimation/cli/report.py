"""What a command tells the user: notes and progress on stderr, one JSON object on stdout if asked for."""

from __future__ import annotations

import json
import sys
import time

_PLAIN_SECONDS = 10  # between progress lines when nobody watches a terminal


class Report:
    """Notes and progress of one command; silent if `quiet`."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False):
        self.quiet, self.as_json = quiet, as_json
        self.notes: list[str] = []
        self._bar = None
        self._phase = ""

    def __enter__(self) -> Report:
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.stopped("stopped; give the same command again")
        self._end_bar()

    def note(self, sentence: str) -> None:
        """A sentence about the input or the result."""
        self.notes.append(sentence)
        if not self.quiet:
            self._print(sentence)

    def say(self, sentence: str) -> None:
        """A sentence that is a result: on stdout, unless that is kept for JSON."""
        self._end_bar()
        if not self.quiet:
            print(sentence, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def progress(self, phase: str, done: int, total: int, unit: str = "frames") -> None:
        """`done` of `total` of a phase ("colour", "encode")."""
        if self.quiet:
            return
        if phase != self._phase:
            self._end_bar()
            self._phase = phase
            kind = _TerminalBar if sys.stderr.isatty() else _PlainLines
            self._bar = kind(phase, done, total, unit)
        self._bar.advance(done)

    def done(self, sentence: str, content: dict) -> None:
        """The last word: a sentence, and `content` for --json."""
        self._end_bar()
        if not self.quiet:
            self._print(sentence)
        if self.as_json:
            print(json.dumps({**content, "notes": self.notes}, ensure_ascii=False))

    def stopped(self, sentence: str) -> None:
        """The user ended the run."""
        self._end_bar()
        if not self.quiet:
            self._print(sentence)
        if self.as_json:
            print(json.dumps({"error": sentence}, ensure_ascii=False))

    def _print(self, sentence: str) -> None:
        if isinstance(self._bar, _TerminalBar):
            self._bar.print(sentence)
        else:
            print(sentence, file=sys.stderr, flush=True)

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


class _TerminalBar:
    def __init__(self, phase: str, done: int, total: int, unit: str):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(f"{unit},"))
        times = (TimeElapsedColumn(), TextColumn("gone,"), TimeLeft(), TextColumn("left"))
        self._progress = Progress(*columns, *times, console=Console(stderr=True), speed_estimate_period=120)
        self._task = self._progress.add_task(phase, total=total, completed=done)
        self._progress.start()

    def advance(self, done: int) -> None:
        self._progress.update(self._task, completed=done)

    def print(self, sentence: str) -> None:
        self._progress.console.print(sentence, markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()


class _PlainLines:
    def __init__(self, phase: str, done: int, total: int, unit: str):
        self._phase, self._first, self._total, self._unit = phase, done, total, unit
        self._start = self._last = time.monotonic()

    def advance(self, done: int) -> None:
        now = time.monotonic()
        if done == self._first or (now - self._last < _PLAIN_SECONDS and done < self._total):
            return
        self._last = now
        each = (now - self._start) / (done - self._first)
        left = f", {duration(each * (self._total - done))} left" if done < self._total else ""
        print(f"{self._phase}: {done}/{self._total} {self._unit}, {each:.2f} s each{left}", file=sys.stderr, flush=True)

    def close(self) -> None:
        pass


def duration(seconds: float) -> str:
    """ "42 s", "3 min 20 s" or "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
