"""Compares a coloured shot with the truth, whatever the two are stored as."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from longanimation.cel import segment
from longanimation.errors import InputError
from longanimation.evaluation.color_error import pack_colors
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.regions import off_line, true_regions
from longanimation.evaluation.report import Report
from longanimation.evaluation.sheet import opaque
from longanimation.media import FrameSequence, open_sequence
from longanimation.shot.drawings import read_drawing, resolve_mode

FLAT_COLORS = 64
"""A truth with at most so many colours between the lines is a cel: its regions are its patches of one colour."""


def evaluate(
    result_path: str | os.PathLike,
    truth_path: str | os.PathLike,
    lines_path: str | os.PathLike | None = None,
    *,
    metrics: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Scores the frames of `result_path` against those of `truth_path` (folders of pictures, videos, single pictures).

    With `lines_path` (the drawings that were coloured) colour is scored off the line only and regions are counted:
    the patches of one colour of a cel, or else the closed regions of the drawing. Frames are matched in order when
    there are equally many, else by the files' own numbers; a truth of a few frames is enough.
    metrics: of "lpips", "fid" and "fvd", further ones; those whose weights are not there are left out
    (`missing_metrics` tells). progress: called with (frames done, all). Raises InputError when the frames or sizes do
    not match.
    """
    result, truth = open_sequence(result_path), open_sequence(truth_path)
    lines = open_sequence(lines_path) if lines_path is not None else None
    for other, path in ((result, result_path), (lines, lines_path)):
        if other is not None and (other.height, other.width) != (truth.height, truth.width):
            raise InputError(
                f"{path} is {other.width}x{other.height} but the truth {truth_path} is {truth.width}x{truth.height}; "
                "give both in the same size"
            )
    pairs = match_frames(result, truth, what=f"{result_path} and {truth_path}")
    line_pairs = match_frames(lines, truth, what=f"{lines_path} and {truth_path}") if lines is not None else None
    mode = resolve_mode(lines, "auto") if lines is not None else None
    scorer = ShotScorer(perceptual=_perceptual(metrics))
    for place, (result_index, truth_index) in enumerate(pairs):
        true_frame = opaque(truth[truth_index])
        inside = regions = None
        if line_pairs is not None:
            drawing = read_drawing(lines[line_pairs[place][0]], mode).lines
            inside = off_line(drawing)
            regions = cel_regions(true_frame, drawing, inside)
        frame = opaque(result[result_index])
        scorer.add(frame, true_frame, inside=inside, regions=regions, number=truth.numbers[truth_index])
        if progress is not None:
            progress(place + 1, len(pairs))
    return scorer.report(Path(result_path).name)


def _perceptual(metrics: Sequence[str]):
    if not metrics:
        return None
    from longanimation.evaluation.metric_networks import load_metric_networks
    from longanimation.evaluation.perceptual import PerceptualScorer

    networks = load_metric_networks(metrics)
    return PerceptualScorer(networks) if networks.names else None


def match_frames(first: FrameSequence, truth: FrameSequence, *, what: str = "") -> list[tuple[int, int]]:
    """Positions (in first, in truth) of the frames that belong together, for every frame of the truth."""
    if len(first) == len(truth):
        return [(index, index) for index in range(len(truth))]
    position = {number: index for index, number in enumerate(first.numbers)}
    absent = [number for number in truth.numbers if number not in position]
    if absent:
        raise InputError(
            f"{what}: {len(first)} frames against {len(truth)}, and frame {absent[0]} of the truth is not among the "
            "former; number the files alike or give equally many frames"
        )
    return [(position[number], index) for index, number in enumerate(truth.numbers)]


def cel_regions(truth: np.ndarray, lines: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Regions for segment accuracy, int32 [H, W], 0 on the line.

    truth: uint8 [H, W, 3]; lines: uint8 [H, W] (255 paper); inside: bool [H, W], True off the line.
    """
    codes = pack_colors(truth)
    if np.unique(codes[inside]).size <= FLAT_COLORS:
        return true_regions(codes, inside)
    regions = segment(lines)
    return np.where(inside, regions.ids + 1, 0).astype(np.int32)
