"""Colours a whole shot into a folder or a video: streaming, checkpointed after every window, resumable to the byte."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from longanimation import __version__
from longanimation.lines import LineStyle
from longanimation.media import FrameSequence
from longanimation.shot.checkpoint import CheckpointFolder, Progress
from longanimation.shot.drawings import read_drawings
from longanimation.shot.frame_store import FrameStore
from longanimation.shot.identical import DrawingsSeen
from longanimation.shot.identity import identify
from longanimation.shot.interrupt import StopRequest
from longanimation.shot.output import ShotOutput
from longanimation.shot.stream import colour_segments, plan_for
from longanimation.shot.window import Reference, WindowModel

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ShotSettings:
    """All that decides the result besides the model, the frames and the references.

    mode: how lines are read, as `resolve_mode` found (or "drawn" or "extract"). traces: "keep" or "paint" coloured
    trace lines. fps: frame rate of a video result if not the input's.
    """

    mode: LineStyle | str
    prompt: str = ""
    seed: int = 0
    traces: str = "keep"
    fps: Fraction | None = None


@dataclass
class ShotReport:
    """What a run did. frames: of the shot; resumed_from: those that were there before this run; coloured: those that
    the model coloured in this run; seconds: of this run; notes: things to tell the user."""

    output: Path
    frames: int
    resumed_from: int = 0
    coloured: int = 0
    seconds: float = 0.0
    already_finished: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def seconds_per_frame(self) -> float:
        return self.seconds / max(1, self.frames - self.resumed_from)


OnProgress = Callable[[str, int, int], None]
"""Called with ("colour" or "encode", frames done, frames in all)."""

OnNote = Callable[[str], None]
"""Called with each sentence for the user as it comes up; they are in the report too."""


def run_shot(
    sequence: FrameSequence,
    references: list[Reference],
    model: WindowModel,
    output: str | os.PathLike,
    settings: ShotSettings,
    *,
    resume: bool = False,
    overwrite: bool = False,
    on_progress: OnProgress = lambda phase, done, total: None,
    on_note: OnNote = lambda sentence: None,
) -> ShotReport:
    """Colour every frame of `sequence` into `output`, a folder for PNG files or a video name.

    After an interruption at any moment the same call with `resume=True` goes on after the last finished window, and the
    result is byte for byte that of an uninterrupted run. With nothing to resume it begins; on a finished shot it does
    nothing. `overwrite` replaces an earlier shot.

    Raises InputError if the output holds another shot, another run is writing it, inputs or settings differ from those
    of the shot to resume, or something cannot be read or written; `Interrupted` after SIGINT or SIGTERM.
    """
    place = ShotOutput(output, sequence)
    place.check(resume=resume, overwrite=overwrite)
    with StopRequest() as stop:
        with stop.impatient():
            identity = identify(sequence, references, _settings_of(model, settings, place.is_video))
        with place.locked():
            standing = place.check(resume=resume, overwrite=overwrite)
            if resume and standing.kind != "nothing":
                place.check_same(standing, identity)
            if resume and standing.kind == "finished":
                place.tidy()
                return ShotReport(place.path, len(sequence), len(sequence), already_finished=True)
            if not (resume and standing.kind == "unfinished"):
                place.begin(identity)
            run = _Run(sequence, references, model, settings, place, stop, on_progress, on_note)
            return run.to_the_end(identity)


class _Run:
    def __init__(self, sequence, references, model, settings, place, stop, on_progress, on_note):
        self.sequence: FrameSequence = sequence
        self.references: list[Reference] = references
        self.model: WindowModel = model
        self.settings: ShotSettings = settings
        self.place: ShotOutput = place
        self.stop: StopRequest = stop
        self.on_progress: OnProgress = on_progress
        self.on_note: OnNote = on_note
        self.report = ShotReport(place.path, len(sequence))

    def to_the_end(self, identity: dict) -> ShotReport:
        started = time.perf_counter()
        with closing(self.place.open_store()) as store:
            self._colour(store)
        total = len(self.sequence)

        def encoded(done: int) -> None:
            self.stop.check()
            self.on_progress("encode", done, total)

        self._note(self.place.finish(identity, self.settings.fps, encoded))
        self.report.seconds = time.perf_counter() - started
        return self.report

    def _colour(self, store: FrameStore) -> None:
        total = len(self.sequence)
        segments = plan_for(self.model, total)
        checkpoints = self.place.checkpoints
        hooks = RunHooks(self.stop, checkpoints)
        with self.stop.impatient():
            if hasattr(self.model, "use_hooks"):
                self.model.use_hooks(hooks)
            size = (self.sequence.height, self.sequence.width)
            prompt, seed = self.settings.prompt, self.settings.seed
            state = self.model.begin(self.references, size=size, prompt=prompt, seed=seed)
            self._note(getattr(self.model, "notes", []))
            progress, tensors = self._load(checkpoints, store)
            if tensors is not None:
                state = self.model.state_from_tensors(tensors)
        self.report.resumed_from = progress.frames
        self.on_progress("colour", progress.frames, total)
        if progress.next_segment == len(segments):
            return
        seen = DrawingsSeen()
        seen.restore(progress.seen)
        first = segments[progress.next_segment]
        mode, traces = self.settings.mode, self.settings.traces
        with closing(
            read_drawings(self.sequence, first.start, mode=mode, traces=traces, known=seen)
        ) as drawings, closing(
            colour_segments(self.model, state, segments[first.index :], drawings, seen)
        ) as coloured:  # fmt: skip
            for segment in segments[first.index :]:
                hooks.segment = segment.index
                with self.stop.impatient():
                    result = next(coloured)
                for item in result.frames:
                    self.stop.check()
                    if item.frame is None:
                        store.repeat(item.index, item.same_as)
                    else:
                        store.write(item.index, item.frame)
                        self.report.coloured += 1
                    self.on_progress("colour", item.index + 1, total)
                store.flush()
                progress = Progress(segment.index + 1, segment.keep_stop, seen.to_json())
                checkpoints.save(progress, self.model.state_to_tensors(result.state))

    def _load(self, checkpoints: CheckpointFolder, store: FrameStore) -> tuple[Progress, dict | None]:
        """The last checkpoint, or the beginning if there is none or frames it counts have been removed."""
        found = checkpoints.load()
        if found is None:
            return Progress(), None
        missing = [index for index in range(found[0].frames) if not store.has(index)]
        if missing:
            name = self.place.file_names()[missing[0]]
            self._note([f"{name} was removed since the shot was begun: beginning again"])
            return Progress(), None
        return found

    def _note(self, sentences: list[str]) -> None:
        self.report.notes += sentences
        for sentence in sentences:
            self.on_note(sentence)


class RunHooks:
    """`WindowHooks` of a running shot."""

    def __init__(self, stop: StopRequest, checkpoints: CheckpointFolder):
        self._stop, self._checkpoints = stop, checkpoints
        self.segment = 0

    def stop_if_asked(self) -> None:
        self._stop.check()

    def save(self, tensors: dict[str, torch.Tensor]) -> None:
        self._checkpoints.save_partial(self.segment, tensors)

    def load(self) -> dict[str, torch.Tensor] | None:
        return self._checkpoints.load_partial(self.segment)


def _settings_of(model: WindowModel, settings: ShotSettings, is_video: bool) -> dict:
    return {
        "program version": __version__,
        "model": {**model.fingerprint(), "window": model.window, "overlap": model.overlap},
        "lines": asdict(settings.mode) if isinstance(settings.mode, LineStyle) else settings.mode,
        "traces": settings.traces,
        "prompt": settings.prompt,
        "seed": settings.seed,
        "fps": str(settings.fps) if is_video and settings.fps else None,
    }
