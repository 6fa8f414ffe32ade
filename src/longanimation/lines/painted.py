"""The lines of a painted picture as thick as the artist drew them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.lines.contrast import ellipse
from longanimation.lines.drawing import on_white
from longanimation.lines.erase import paint_over
from longanimation.lines.extract import extract_lines, without_specks

# Lengths are in pixels at 600 lines.
_WIDEST = 4.2  # half the width of the widest lines that the ink's colour is learned from
_FILL = 6.0  # half the width from which on an area of the ink's colour is a fill
_ROUNDING = 2.0
_BESIDE = 1.6  # from the ink to the borders that extraction finds along it
_SHORTEST = 6  # of a border without ink, clear of all ink
_DARKER = 12  # levels by which a line is darker than what lies beside it, at least
_SPREAD = (8.0, 26.0)  # RGB distance up to which a colour is the ink's, in a clean and in a grainy picture
_COMMON = 0.25  # share of all that is thin and dark which has exactly the ink's colour (RGB distance 12), at least
_CONTRAST = 40  # RGB distance from ink to paint, at least, to tell their mixtures
_TRACE_WIDEST, _TRACE_LENGTH = 2.2, 10
_NARROW = 3  # half the width of a part between two lines
_TRACES = 12  # colours looked at


@dataclass(frozen=True)
class Ink:
    """color: float32 [3], RGB. spread: distance from it up to which a colour is the same ink."""

    color: np.ndarray
    spread: float


def painted_lines(frame: np.ndarray) -> np.ndarray:
    """uint8 [H, W] (255 = paper): the lines of a painted picture uint8 [H, W, 3|4], as thick as they are there.

    `extract_lines` draws all borders with one thin pen, and thick ink as a band between two of them. Here, if the
    picture has a common ink, the line is what this ink covers, and coloured traces; only borders without either are
    extracted.
    """
    picture = np.ascontiguousarray(on_white(frame))
    lines = extract_lines(picture)
    ink = find_ink(picture)
    if ink is None:
        return lines
    covered = _coverage(picture, ink)
    covered = np.maximum(covered, _traces(picture, covered > 0.4))
    scale = _scale(picture)
    near = cv2.dilate((covered > 0.4).astype(np.uint8), ellipse(_BESIDE * scale)) > 0
    borders = without_specks((lines < 255) & ~near, _SHORTEST)
    borders = cv2.dilate(borders.astype(np.uint8), ellipse(2 * _BESIDE * scale)) > 0  # with their ends, up to the ink
    return np.minimum(np.where(borders, lines, 255), 255 - np.rint(covered * 255)).astype(np.uint8)


def find_ink(picture: np.ndarray) -> Ink | None:
    """The colour that most of the thin dark lines in uint8 [H, W, 3] have; None if they have no common one."""
    light, thin = _thin_and_dark(picture)
    around = np.ones((3, 3), np.uint8)
    if not np.median(cv2.morphologyEx(light, cv2.MORPH_GRADIENT, around)):
        # In a clean picture, within the width of a line: a narrow dark part has darker lines beside it.
        around = ellipse(_WIDEST * _scale(picture))
    deepest = light <= cv2.erode(light, around) + 3
    colors = picture[deepest & (thin > 2 * _DARKER)]
    if len(colors) < 30:
        return None
    bins = colors.astype(np.int64) // 16 @ (256, 16, 1)
    peak = np.bincount(bins).argmax()
    color = np.array([peak >> 8, peak >> 4 & 15, peak & 15]) * 16.0 + 8
    for _ in range(4):
        distance = np.linalg.norm(colors - color, axis=1)
        near = distance < 1.5 * _SPREAD[1]
        color = np.median(colors[near], axis=0)
    if (distance < 12).mean() < _COMMON:
        return None
    return Ink(color.astype(np.float32), float(np.clip(3 * np.median(distance[near]), *_SPREAD)))


def _coverage(picture: np.ndarray, ink: Ink) -> np.ndarray:
    """float32 [H, W] in [0, 1]: how far the ink's lines cover each pixel; its fills do not count."""
    own = picture.astype(np.float32)
    solid = np.linalg.norm(own - ink.color, axis=-1) < ink.spread
    scale = _scale(picture)
    fill = cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_OPEN, ellipse(_FILL * scale))
    fill = cv2.dilate(fill, ellipse(_ROUNDING * scale)) > 0  # its corners, which opening rounds off
    solid &= ~fill
    thin = (_thin_and_dark(picture)[1] > _DARKER) & ~fill
    paint = paint_over(picture, cv2.dilate((thin | solid).astype(np.uint8), np.ones((3, 3), np.uint8)))
    # A pixel at the edge of a line, or of a line thinner than a pixel, is a mixture of ink and paint.
    toward = ink.color - paint
    length = np.maximum(np.linalg.norm(toward, axis=-1), 1)
    share = np.clip(((own - paint) * toward).sum(-1) / length**2, 0, 1)
    off = np.linalg.norm(own - paint - share[..., None] * toward, axis=-1)
    mixed = thin & (length > _CONTRAST) & (off < ink.spread + 0.15 * length) & ~_flat(picture)
    return np.where(solid, 1, np.where(mixed, share, 0)).astype(np.float32)


def _flat(picture: np.ndarray) -> np.ndarray:
    """bool [H, W]: pixels of blocks of one colour, as wide as no mixture is: of a narrow painted part."""
    block = np.ones((3, 3), np.uint8)
    one_color = (cv2.dilate(picture, block) == cv2.erode(picture, block)).all(-1)
    return cv2.dilate(one_color.astype(np.uint8), block) > 0


def _traces(picture: np.ndarray, inked: np.ndarray) -> np.ndarray:
    """bool [H, W]: coloured trace lines: of one strong colour that is nowhere wide, mostly in long pieces, and mostly
    neither beside ink nor between two lines of it, as a narrow painted part would be. inked: bool [H, W]."""
    scale = _scale(picture)
    _, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    strong = ((saturation > 150) & (value > 90) & ~inked).astype(np.uint8)
    between = cv2.morphologyEx(inked.astype(np.uint8), cv2.MORPH_CLOSE, ellipse(_NARROW * scale))
    beside = cv2.dilate(inked.astype(np.uint8), np.ones((3, 3), np.uint8)) | between
    colors, counts = np.unique(picture[strong > 0].astype(np.int32) @ (65536, 256, 1), return_counts=True)
    found = np.zeros(inked.shape, bool)
    for code in colors[np.argsort(-counts, kind="stable")[:_TRACES]]:
        color = np.array([code >> 16, code >> 8 & 255, code & 255])
        own = cv2.inRange(picture, np.maximum(color - 11, 0), np.minimum(color + 11, 255)) & strong
        total = np.count_nonzero(own)
        wide = np.count_nonzero(cv2.morphologyEx(own, cv2.MORPH_OPEN, ellipse(_TRACE_WIDEST * scale)))
        if wide >= 0.05 * total or np.count_nonzero(own & beside) >= 0.5 * total:
            continue
        pieces = cv2.connectedComponentsWithStats(own, connectivity=8)[2][1:]
        extent = pieces[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
        long = pieces[:, cv2.CC_STAT_AREA][extent >= _TRACE_LENGTH * scale].sum()
        if long > max(0.6 * total, 36 * scale):
            found |= own > 0
    return found


def _thin_and_dark(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [H, W] each: lightness (CIELAB, 0 to 255), and how much darker than both sides a thin thing is."""
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0]
    return light, cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, ellipse(_WIDEST * _scale(picture)))


def _scale(picture: np.ndarray) -> float:
    return max(1.0, min(picture.shape[:2]) / 600)
