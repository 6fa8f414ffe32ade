"""Videos and folders of pictures become training clips: what `longanimation data prepare` does."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longanimation.data.prepare.captions import Captions
from longanimation.data.prepare.clip_media import media_names, stored_size, write_clip_media
from longanimation.data.prepare.cuts import CutDetector
from longanimation.data.prepare.folder import LOCK, PreparedFolder
from longanimation.data.prepare.jobs import Tick, run_jobs
from longanimation.data.prepare.pieces import Piece
from longanimation.data.prepare.report import summarise, write_report
from longanimation.data.prepare.scan import Scan, scan_source
from longanimation.data.prepare.settings import PrepareSettings
from longanimation.data.prepare.sources import Source, find_sources, input_name
from longanimation.errors import InputError
from longanimation.media import FrameSequence, open_sequence
from longanimation.media.atomic import make_folder
from longanimation.shot.interrupt import Interrupted, StopRequest
from longanimation.shot.lock import OutputLock

Progress = Callable[[str, int, int, str], None]
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class PrepareResult:
    """What a run left in `output`; `summary` is the content of report.json."""

    output: Path
    clips: int
    frames: int
    written: int
    summary: dict


def prepare(
    inputs: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    settings: PrepareSettings | None = None,
    *,
    captions: str | os.PathLike | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> PrepareResult:
    """Cut `inputs` into clips of one shot each, with their lines, in the folder `output`.

    Run again, it goes on where it stopped and ends with the same bytes, whatever the number of workers. A source that
    changed is read again; one that was added is taken in. Captions are looked up anew in each run.

    Args:
        inputs: folders (searched with all they hold), videos.
        settings: PrepareSettings() if None.
        captions: JSONL or CSV, see `Captions`.
        workers: processes that read and draw.
        progress: called with (phase, done, total, unit); phases "scan" (MB) and "write" (frames).
        note: called with sentences about the input.

    Raises InputError for bad arguments, nothing to read, a folder that is another's or was begun with other settings,
    a full disk; `Interrupted` (after the index of what is finished was written) on Ctrl-C or the terminate signal.
    """
    settings = settings or PrepareSettings()
    if workers < 1:
        raise InputError(f"workers is {workers}; give at least 1")
    captions = Captions(captions)
    CutDetector(settings)  # is the library there?
    output = Path(output)
    sources = find_sources(inputs, exclude=output)
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file; choose a folder")
    lock = OutputLock(make_folder(output) / LOCK, output)
    try:
        folder = PreparedFolder(output)
        folder.claim(settings, [input_name(path) for path in inputs])
        run = _Run(folder, sources, settings, captions, workers, progress or _silent, note or _silent)
        with StopRequest() as stop:
            return run.whole(stop)
    finally:
        lock.release()
        _forget()


def _silent(*_) -> None:
    pass


class _Run:
    def __init__(self, folder, sources, settings, captions, workers, progress, note):
        self.folder: PreparedFolder = folder
        self.sources: list[Source] = sources
        self.settings: PrepareSettings = settings
        self.captions: Captions = captions
        self.workers: int = workers
        self.progress, self.note = progress, note
        self.scans: dict[str, Scan] = {}

    def whole(self, stop: StopRequest) -> PrepareResult:
        written = 0
        try:
            self._scan(stop)
            for source in self.sources:
                if self.scans[source.name].error:
                    self.note(f"skipped: {self.scans[source.name].error}")
            written = self._write(stop)
        except Interrupted:
            self._finish()
            raise
        summary = self._finish()
        if all(scan.error for scan in self.scans.values()):
            raise InputError(f"none of the {len(self.sources)} files can be read; see {self.folder.path / 'report.md'}")
        others = len(os.listdir(self.folder.clips)) - summary["finished"]["clips"]
        if others:
            self.note(f"{self.folder.clips} holds {others} clips of sources that are gone or changed; not in the index")
        for path in self.captions.unused:
            self.note(f"the captions name {path}, which is not among the sources")
        kept = summary["kept"]
        return PrepareResult(self.folder.path, kept["clips"], kept["frames"], written, summary)

    def _scan(self, stop: StopRequest) -> None:
        jobs = []
        for source in self.sources:
            scan = self.folder.read_scan(source)
            if scan is None:
                jobs.append((source, self.settings))
            else:
                self.scans[source.name] = scan
        total = sum(source.bytes for source in self.sources)
        done = total - sum(source.bytes for source, _ in jobs)
        advance = self._meter("scan", done / _MEGABYTE, math.ceil(total / _MEGABYTE), "MB")
        for source, scan in run_jobs(
            _scan_one, jobs, workers=self.workers, stop=stop, advance=lambda amount: advance(amount / _MEGABYTE)
        ):
            if not scan.error:  # else tried again in the next run
                self.folder.write_scan(source, scan)
            self.scans[source.name] = scan

    def _write(self, stop: StopRequest) -> int:
        kept = self._kept()
        jobs = [
            (source, piece, self.settings, str(self.folder.path))
            for source, piece in kept
            if self.folder.read_clip(source, piece) is None
        ]
        total = sum(piece.stop - piece.start for _, piece in kept)
        left = sum(job[1].stop - job[1].start for job in jobs)
        advance = self._meter("write", total - left, total, "frames")
        for source, entry in run_jobs(_write_one, jobs, workers=self.workers, stop=stop, advance=advance):
            self.folder.write_clip(source, entry)
        return len(jobs)

    def _kept(self) -> list[tuple[Source, Piece]]:
        return [
            (source, piece)
            for source in self.sources
            if source.name in self.scans
            for piece in self.scans[source.name].pieces
            if piece.reason is None
        ]

    def _finish(self) -> dict:
        """Index and report of what is there now."""
        texts = {source.name: self.captions.find(source) for source in self.sources}
        entries = []
        for source, piece in self._kept():
            entry = self.folder.read_clip(source, piece)
            if entry is not None:
                entries.append({**entry, "caption": texts[source.name]})
        scans = [self.scans[source.name] for source in self.sources if source.name in self.scans]
        summary = summarise(scans, entries, self.settings)
        self.folder.write_index(entries)
        write_report(self.folder, summary)
        return summary

    def _meter(self, phase: str, done: float, total: int, unit: str) -> Callable[[float], None]:
        self.progress(phase, int(done), total, unit)

        def advance(amount: float) -> None:
            nonlocal done
            done += amount
            self.progress(phase, min(total, int(done + 1e-6)), total, unit)

        return advance


def _scan_one(source: Source, settings: PrepareSettings, tick: Tick) -> tuple[Source, Scan]:
    return source, scan_source(source, settings, lambda share: tick(share * source.bytes))


def _write_one(source: Source, piece: Piece, settings: PrepareSettings, output: str, tick: Tick) -> tuple[Source, dict]:
    folder = PreparedFolder(Path(output))
    name = folder.clip_id(source, piece)
    sequence = _opened(source)
    write_clip_media(folder.clips / name, sequence, piece, settings, tick)
    colour, lines = (f"clips/{name}/{part}" for part in media_names(settings))
    entry = {
        "id": name,
        "source": source.name,
        "start": piece.start,
        "stop": piece.stop,
        "frames": piece.stop - piece.start,
        "fps": None if sequence.fps is None else str(sequence.fps),
        "size": list(stored_size(piece.crop, settings.short_side)),
        "crop": list(piece.crop),
        "colour": colour,
        "lines": lines,
        "measurements": piece.measurements,
    }
    return source, entry


# The source this process wrote from last stays open: its next clip follows, and opening reads the whole packet table.
_last: tuple[Path, FrameSequence] | None = None


def _opened(source: Source) -> FrameSequence:
    global _last
    if _last is None or _last[0] != source.path:
        _forget()
        _last = source.path, open_sequence(source.path)
    return _last[1]


def _forget() -> None:
    global _last
    if _last is not None:
        _last[1].close()
    _last = None
