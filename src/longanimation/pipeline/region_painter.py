"""Cel colouring of one drawing with the region matcher: all regions decided together, painted flat."""

import numpy as np
import torch

from longanimation.cel import (
    Palette,
    RegionTracker,
    composite,
    cut_by_paint,
    decide,
    label_counts,
    main_labels,
    paint,
    segment,
    segment_sequence,
)
from longanimation.cel.region_map import RegionMap
from longanimation.lines.drawing import LineDrawing
from longanimation.lines.erase import erase_lines
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.models.memory_bank import KEY_FRAME, SHEET
from longanimation.pipeline.framing import Framing
from longanimation.pipeline.region_memory import RegionMemory
from longanimation.pipeline.region_tones import traced_borders
from longanimation.pipeline.region_view import RegionView, view_regions

POINTS = 12
"""Most points of a region; the matcher was trained with 8."""


class RegionPainter:
    """Turns drawings into flat-coloured frames, one after the other; used like `CelPainter`, with a `RegionMemory`."""

    def __init__(self, memory: CorrespondenceMemory, palette: Palette):
        self.memory, self.palette = memory, palette

    def remember_reference(
        self, bank: RegionMemory, image: np.ndarray, lines: np.ndarray, framing: Framing, placed: bool
    ) -> None:
        """image: uint8 [H, W, 3]; lines: uint8 [H, W] of the same size; placed: it stands where the shot stands."""
        labels = self.palette.labels(image)
        regions = cut_by_paint(segment(lines), labels)
        view = view_regions(self.memory, lines, regions, framing, POINTS)
        rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        rim = torch.from_numpy(np.bincount(rim, minlength=len(self.palette.colors)).astype(np.float32))
        bank.add_reference(view, self._painted(labels, regions, view), KEY_FRAME if placed else SHEET, rim)

    def color(
        self,
        bank: RegionMemory,
        tracker: RegionTracker,
        drawings: list[LineDrawing],
        framing: Framing,
        painted: list[np.ndarray | None],
    ) -> list[np.ndarray]:
        """The coloured frames of drawings that follow each other, uint8 [H, W, 3]; the bank learns from them. Each is
        read after the one before, then all are decided together. The tracker is not asked: the bank knows where regions
        were.

        painted: for each drawing, uint8 [H, W, 3], this very frame as the artist painted it, if it is a key frame: then
        its regions keep their colours and nothing is guessed. Nor is it in a drawing without lines.
        """
        seen = []
        known = [
            None if picture is None else self.palette.labels(erase_lines(picture, drawing.lines))
            for drawing, picture in zip(drawings, painted, strict=True)
        ]
        cuts = segment_sequence([drawing.lines for drawing in drawings], known)
        for drawing, regions, labels in zip(drawings, cuts, known, strict=True):
            view = view_regions(self.memory, drawing.lines, regions, framing, POINTS)
            tokens = bank.look(view)
            blank = regions.count == 1
            if labels is not None:
                shares = bank.known(self._painted(labels, regions, view))
            elif blank:
                shares = bank.blank()
            else:
                shares = bank.read(view, tokens, traced_borders(regions, drawing.traces, view.regions))
            bank.add_frame(view, tokens, shares, certain=blank or labels is not None)
            seen.append((regions, view))
        frames = []
        for drawing, labels, (regions, view), shares in zip(drawings, known, seen, bank.settle(), strict=True):
            if labels is not None:
                decided = main_labels(regions, labels)
            else:
                votes = np.zeros((regions.count, len(self.palette.colors)), np.float32)
                votes[view.regions] = shares.sum(1).numpy()
                decided = decide(votes, regions).labels
            frames.append(composite(paint(regions, decided, self.palette), drawing.ink))
        return frames

    def _painted(self, labels: np.ndarray, regions: RegionMap, view: RegionView) -> torch.Tensor:
        """float32 [N, K]: share of each region's pixels that each palette colour paints. labels: int [H, W]."""
        counts = label_counts(regions, labels, len(self.palette.colors))[view.regions]
        return torch.from_numpy((counts / np.maximum(counts.sum(1, keepdims=True), 1)).astype(np.float32))
