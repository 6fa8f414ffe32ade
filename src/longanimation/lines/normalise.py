"""From a drawing on white paper to the lines the networks are trained on: thin, clean, full contrast."""

from __future__ import annotations

import cv2
import numpy as np

from longanimation.lines.drawing import coverage

_NOISE = 10  # coverage that is never a line
_FAINTEST = 48  # the peak of the faintest line that is raised to full strength
_CREST = (32, 80)  # a crest of this coverage begins to count, counts fully, even beside a darker line
_PALE_FILL = (24, 110)  # coverage of toned areas, which are not lines; darker ones are black fills and stay
_SPECK = 4  # pixels at 480 lines: isolated spots up to this size are dirt
_VISIBLE = 210  # darker than this belongs to a spot or line


def normalise(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W], 255 = paper, 0 = line, of a drawing on white uint8 [H, W, 3].

    Faint and coloured lines become as dark as black ones, each measured against the darkest ink around it. A pale toned
    area is replaced by its outline. Isolated specks of a few pixels go.
    """
    return clean(raise_contrast(coverage(picture)))


def raise_contrast(cover: np.ndarray) -> np.ndarray:
    """Full-contrast lines (255 = paper) from coverage uint8 [H, W] (255 = full ink)."""
    scale = max(1.0, min(cover.shape) / 540)
    cover, outline = _without_pale_fills(cover, scale)
    reach = round(4 * scale)
    darkest = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    strength = cover.astype(np.float32) - _NOISE
    strength /= np.maximum(darkest, _FAINTEST).astype(np.float32) - _NOISE
    low, high = _CREST
    crest = _crests(cover, scale)
    strength[crest] = np.maximum(strength[crest], (cover[crest].astype(np.float32) - low) / (high - low))
    strength[outline] = 1
    strength[strength < 0.1] = 0
    return 255 - np.rint(np.minimum(strength, 1) * 255).astype(np.uint8)


def clean(lines: np.ndarray) -> np.ndarray:
    """Remove isolated spots of a few pixels; spots close to a line stay, they are bits of broken lines."""
    scale = max(1.0, min(lines.shape) / 480)
    inked = (lines < _VISIBLE).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inked, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] <= _SPECK * scale * scale
    small[0] = False
    if not small.any():
        return lines
    spots = small[labels]
    reach = 2 * round(4 * scale) + 1
    others = (inked.astype(bool) & ~spots).astype(np.uint8)
    around = cv2.dilate(others, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))).astype(bool)
    attached = np.zeros(count, bool)
    attached[np.unique(labels[spots & around])] = True
    dirt = (small & ~attached)[labels]
    result = lines.copy()
    result[cv2.dilate(dirt.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~others.astype(bool)] = 255
    return result


def _crests(cover: np.ndarray, scale: float) -> np.ndarray:
    """bool [H, W]: darker than both sides in some direction, so a line of its own and not the soft side of another."""
    height, width = cover.shape
    found = np.zeros(cover.shape, bool)
    for step in {2, round(2 * scale) + 1}:  # lines up to three and up to about four pixels wide at 540 lines
        padded = cv2.copyMakeBorder(cover, step, step, step, step, cv2.BORDER_REPLICATE)
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            top, left = step * (1 + down), step * (1 + right)
            one = padded[top : top + height, left : left + width]
            top, left = step * (1 - down), step * (1 - right)
            other = padded[top : top + height, left : left + width]
            found |= cover > cv2.add(np.maximum(one, other), 16)
    return found


def _without_pale_fills(cover: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Coverage with toned areas taken out, and the outline (bool [H, W]) of those areas."""
    side = 2 * round(6 * scale) + 1
    wide = cv2.morphologyEx(cover, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    toned = ((wide >= _PALE_FILL[0]) & (wide <= _PALE_FILL[1])).astype(np.uint8)
    if not toned.any():
        return cover, np.zeros(cover.shape, bool)
    outline = (toned - cv2.erode(toned, np.ones((3, 3), np.uint8), borderValue=1)).astype(bool)
    return np.where(toned > 0, cv2.subtract(cover, wide), cover), outline
