"""What part of a drawing the mini model looks at, and at which size."""

from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.lines.crop import crop_box


@dataclass(frozen=True)
class Framing:
    """A crop of the picture and the size it is looked at.

    box: (y0, x0, y1, x1) in picture pixels. height, width: of the crop as the network sees it.
    """

    box: tuple[int, int, int, int]
    height: int
    width: int

    @property
    def scale(self) -> float:
        """Network pixels for each picture pixel."""
        return self.height / (self.box[2] - self.box[0])

    def look(self, lines: np.ndarray) -> np.ndarray:
        """lines: uint8 [H, W], 255 = paper -> uint8 [height, width]; thin lines stay dark when the picture shrinks."""
        y0, x0, y1, x1 = self.box
        crop = lines[y0:y1, x0:x1]
        shrink = 1 / self.scale
        if shrink > 1.5:
            # A one-pixel line would fade to grey under area averaging: widen it to about one network pixel first.
            reach = max(2, int(round(shrink * 0.75)))
            crop = cv2.erode(crop, np.ones((reach, reach), np.uint8))
        interpolation = cv2.INTER_AREA if shrink > 1 else cv2.INTER_LINEAR
        return cv2.resize(crop, (self.width, self.height), interpolation=interpolation)

    def places(self, points: np.ndarray) -> np.ndarray:
        """Picture pixels (y, x) int [P, 2] -> float32 [P, 2] in [0, 1) of the crop (clamped to it)."""
        y0, x0, y1, x1 = self.box
        relative = (points + 0.5 - (y0, x0)) / (y1 - y0, x1 - x0)
        return np.clip(relative, 0, 1 - 1e-6).astype(np.float32)


def frame_content(lines: list[np.ndarray], *, side: int, gain: float = 1.3) -> Framing:
    """The framing for drawings of one size: all of the picture, or the drawn part if much of the page is empty.

    side: longer side in network pixels. gain: crop only if things get larger by this factor, so that ordinary shots
    keep their framing.
    """
    height, width = lines[0].shape
    box = crop_box(lines)
    if max(height, width) < gain * max(box[2] - box[0], box[3] - box[1]):
        box = (0, 0, height, width)
    box_height, box_width = box[2] - box[0], box[3] - box[1]
    scale = min(side / max(box_height, box_width), 2.0)
    return Framing(box, max(16, round(box_height * scale)), max(16, round(box_width * scale)))


def holds(framing: Framing, lines: np.ndarray) -> bool:
    """Whether everything drawn lies inside the framing's box."""
    y0, x0, y1, x1 = framing.box
    drawn = lines < 128
    return int(drawn.sum()) == int(drawn[y0:y1, x0:x1].sum())
