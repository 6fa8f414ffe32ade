"""A drawn test shot as the programs under test see it, and its truth."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from longanimation.cel import RegionMap, segment_sequence
from longanimation.data.synth import DrawnFrame, Scene
from longanimation.evaluation.baselines import PaintedDrawing
from longanimation.evaluation.regions import off_line, true_regions
from longanimation.media import FrameSequence
from longanimation.shot.references import BACKGROUND, ReferenceLike


@dataclass(frozen=True)
class Truth:
    """What one frame is scored against; arguments of `ShotScorer.add`.

    truth: uint8 [H, W, 3], painted, line on top; inside: bool [H, W], off the line; regions: int32 [H, W], 0 on the
    line; tracks: int64 [H, W], part and label of each pixel off the line, the same over the whole shot.
    """

    truth: np.ndarray
    inside: np.ndarray
    regions: np.ndarray
    tracks: np.ndarray


class DrawnShot:
    """Renders a scene's frames when they are asked for and keeps the latest ones."""

    def __init__(self, scene: Scene, *, kept: int = 24):
        self.scene = scene
        self.drawings = SceneDrawings(self)
        self.lines: Sequence[np.ndarray] = _Lines(self)
        self._kept = kept
        self._frames: OrderedDict[int, DrawnFrame] = OrderedDict()
        self._lock = threading.Lock()  # the shot runner reads drawings ahead in a thread of its own

    def __len__(self) -> int:
        return len(self.scene)

    @property
    def is_painted(self) -> bool:
        """Whether its colours are more than flat labels."""
        return self.frame(0).colour is not None

    def frame(self, index: int) -> DrawnFrame:
        """Frame `index` with everything that is known of it."""
        with self._lock:
            if index not in self._frames:
                self._frames[index] = self.scene.render(index)
                while len(self._frames) > self._kept:
                    self._frames.popitem(last=False)
            self._frames.move_to_end(index)
            return self._frames[index]

    def truth(self, index: int) -> Truth:
        """What frame `index` is scored against."""
        drawn = self.frame(index)
        inside = off_line(drawn.lines)
        tracks = drawn.parts.astype(np.int64) * len(self.scene.palette) + drawn.labels + 1
        return Truth(
            truth=self.scene.painted(drawn),
            inside=inside,
            regions=true_regions(drawn.labels, inside),
            tracks=np.where(inside, tracks, 0),
        )

    @property
    def references(self) -> list[ReferenceLike]:
        """The painted references as `longanimation.colorize` takes them."""
        listed = self.scene.references
        places = [BACKGROUND if item.kind == BACKGROUND else item.frame for item in listed]
        return [
            item.image if place is None else (item.image, place) for item, place in zip(listed, places, strict=True)
        ]

    @property
    def painted_drawings(self) -> list[PaintedDrawing]:
        """The same as the baselines take them: with their true lines and labels, the background in frame 0."""
        places = [0 if item.kind == BACKGROUND else item.frame for item in self.scene.references]
        return [
            PaintedDrawing(item.lines, item.labels, place)
            for item, place in zip(self.scene.references, places, strict=True)
        ]

    @property
    def painted_pictures(self) -> list[PaintedDrawing]:
        """The same with colours, for a `PaintedScene`, whose paint is more than its labels: below the line for key
        frames, with the line on top for sheets."""
        found = []
        for item in self.scene.references:
            below = None if item.frame is None else self.frame(item.frame).colour
            found.append(PaintedDrawing(item.lines, item.image if below is None else below, item.frame))
        return found


def cut_together(shot: DrawnShot, frames: Sequence[int]) -> list[RegionMap]:
    """The closed regions of these drawings of a shot, as `colorize` cuts those of a window: held ones count once."""
    lines = [shot.frame(index).lines for index in frames]
    different = {drawing.tobytes(): drawing for drawing in lines}
    cuts = dict(zip(different, segment_sequence(list(different.values())), strict=True))
    return [cuts[drawing.tobytes()] for drawing in lines]


class SceneDrawings(FrameSequence):
    """The artist's lines of a scene on transparent paper: uint8 [H, W, 4] each."""

    def __init__(self, shot: DrawnShot):
        self._shot = shot
        self.height, self.width = shot.scene.size
        self.numbers = list(range(len(shot.scene)))
        self.names = [f"lines_{number:04d}.png" for number in self.numbers]
        self.fps, self.missing, self.notes = Fraction(24), [], []

    def _read(self, index: int) -> np.ndarray:
        return self._shot.frame(index).ink


class _Lines(Sequence):
    def __init__(self, shot: DrawnShot):
        self._shot = shot

    def __len__(self) -> int:
        return len(self._shot)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._shot.frame(index).lines
