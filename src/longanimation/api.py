"""`longanimation.colorize`: a whole shot in Python, frames in, frames out."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from longanimation.errors import InputError
from longanimation.media import FrameSequence, from_arrays, open_sequence
from longanimation.media.image_folder import ImageSequence
from longanimation.model_options import ModelOptions
from longanimation.presets import load_window_model
from longanimation.shot.drawings import read_drawings, resolve_mode
from longanimation.shot.finish import check_finish
from longanimation.shot.frame_store import FrameStore
from longanimation.shot.identical import DrawingsSeen
from longanimation.shot.prompts import Prompts, describe_prompts, read_prompts
from longanimation.shot.references import ReferenceLike, read_references
from longanimation.shot.stream import colour_segments, plan_for
from longanimation.shot.window import Reference, WindowModel

LINES_MODES = ("auto", "drawn", "extract")
TRACES = ("keep", "paint")

logger = logging.getLogger(__name__)


def colorize(
    lines: str | os.PathLike | FrameSequence | np.ndarray | Sequence[np.ndarray | str | os.PathLike],
    references: ReferenceLike | Sequence[ReferenceLike],
    prompt: str | Sequence[str] = "",
    *,
    model: str | os.PathLike | WindowModel = "mini",
    finish: str = "auto",
    seed: int = 0,
    lines_mode: str = "auto",
    traces: str = "keep",
    vram: float | str = "auto",
    steps: int | None = None,
    guidance: float | None = None,
    size: tuple[int, int] | str | None = None,
    memory: bool | None = None,
    dtype: str | None = None,
    compat: str | None = None,
) -> Iterator[np.ndarray]:
    """Colour a shot.

    Args:
        lines: the line drawings in order: a folder of numbered pictures, a video, one picture, a list of paths, or
            uint8 arrays [F, H, W], [F, H, W, 3|4] or a list of [H, W], [H, W, 3] or [H, W, 4] (transparent paper).
        references: coloured pictures, one or several: a path, an array, or for a key frame of the shot "PATH@FRAME" or
            (path or array, FRAME), where FRAME is the file's own number (0, 1, 2... for arrays and videos); for what
            lies behind the characters in the first frame "PATH@background" or (path or array, "background"). Other
            pictures (character sheets) may have any size.
        prompt: what the background shows, for models that paint backgrounds; or several, each with the frames it is
            for: ["a beach", "120-240:the beach at night", "241-:a cave"] (numbers as for references).
        model: "mini", "5b", a model folder (ours or as published), or a `WindowModel`.
        finish: "cel" for flat regions, "none" for the soft result, "auto" chooses by the references.
        seed: same seed, same machine: same bytes.
        lines_mode: "drawn" (line drawings), "extract" (take lines from coloured pictures) or "auto".
        traces: "keep" coloured trace lines in the result or "paint" over them.
        vram, steps, guidance, size, memory, dtype, compat: see `ModelOptions`; for models given by name or folder.

    Returns an iterator of uint8 [H, W, 3] sRGB frames, as many as there are drawings, of their size, in order. Frames
    are coloured as they are asked for; memory does not grow with the length of the shot. What the model says about the
    shot, options without effect included, is logged as a warning of "longanimation.api".

    Raises InputError here for input that cannot be used, and while iterating for a frame that cannot be read.
    """
    check_finish(finish)
    _one_of("lines_mode", lines_mode, LINES_MODES)
    _one_of("traces", traces, TRACES)
    sequence = _as_sequence(lines)
    mode = resolve_mode(sequence, lines_mode)
    shot_references = read_references(references, sequence, mode=mode)
    prompts = read_prompts(prompt, sequence)
    options = ModelOptions(steps, guidance, size, compat, memory, dtype, vram, prompts.changes)
    if isinstance(model, str | os.PathLike):
        shot = sequence.height, sequence.width
        model = load_window_model(
            model, finish=finish, options=options, shot=shot,
            references=shot_references, extracted=mode.mode == "extract",
        )  # fmt: skip
    elif options.given:
        raise InputError(f"{', '.join(options.given)} cannot be given for a model that is made already; set it there")
    return _frames(sequence, shot_references, model, prompts=prompts, seed=seed, mode=mode, traces=traces)


def _frames(
    sequence: FrameSequence, references: list[Reference], model: WindowModel, *, prompts: Prompts, seed, mode, traces
) -> Iterator[np.ndarray]:
    state = model.begin(references, size=(sequence.height, sequence.width), prompt=prompts.whole, seed=seed)
    segments = plan_for(model, len(sequence))
    for note in [*getattr(model, "notes", []), *describe_prompts(prompts, segments, sequence.numbers, model)]:
        logger.warning(note)
    seen = DrawingsSeen()
    with (
        tempfile.TemporaryDirectory(prefix="longanimation-") as folder,
        closing(FrameStore(Path(folder), sequence)) as store,
        closing(read_drawings(sequence, 0, mode=mode, traces=traces, known=seen)) as drawings,
    ):
        stored: set[int] = set()
        for result in colour_segments(model, state, segments, drawings, seen):
            repeatable = seen.frames()
            for item in result.frames:
                if item.frame is None:
                    yield store.read(item.same_as)
                    continue
                if item.index in repeatable:
                    store.write(item.index, item.frame)
                    stored.add(item.index)
                yield item.frame.copy()  # the caller may draw on it; store and model still read theirs
            for index in stored - repeatable:
                store.remove(index)
            stored &= repeatable


def _as_sequence(lines) -> FrameSequence:
    if isinstance(lines, FrameSequence):
        return lines
    if isinstance(lines, str | os.PathLike):
        return open_sequence(lines)
    frames = lines if isinstance(lines, np.ndarray) else list(lines)
    if len(frames) and all(isinstance(frame, str | os.PathLike) for frame in frames):
        paths = [Path(frame) for frame in frames]
        sequence = ImageSequence(paths[0].parent, paths, range(len(paths)))
        sequence.names = [f"{index:04d}_{path.name}" for index, path in enumerate(paths)]  # a file may come twice
        return sequence
    return from_arrays(frames)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
