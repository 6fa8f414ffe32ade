"""Optical flow between two line drawings, and pictures carried along by it."""

import cv2
import numpy as np

_REACH = 12.0  # pixels at height 540; 6, 24 and 60, and blurred lines, carried fewer regions over 100 frames
_FAINT = 1e-5  # weight of what is not ground, in means of the ground around


def flow_picture(lines: np.ndarray) -> np.ndarray:
    """A drawing as a picture that optical flow can follow: uint8 [H, W] (255 paper) -> uint8 [H, W].

    Thin lines on white give flow next to nothing to hold on to, so each pixel holds its distance to the next line.
    """
    reach = _REACH * lines.shape[0] / 540
    paper = (lines >= 128).astype(np.uint8)
    if paper.all():
        return np.full(lines.shape, 255, np.uint8)
    distance = cv2.distanceTransform(paper, cv2.DIST_L2, 3)
    return (np.minimum(distance / reach, 1) * 255).astype(np.uint8)


class LineFlow:
    """Dense flow between drawings (DIS, medium preset)."""

    def __init__(self):
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, target: np.ndarray, source: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Where each pixel of `target` comes from in `source`: uint8 [H, W] flow pictures -> float32 [H, W, 2].

        start: a flow to begin from, of the same shape as the answer.
        """
        return self._flow.calc(target, source, None if start is None else start.copy())


def warp(values: np.ndarray, flow: np.ndarray, *, smooth: bool = False) -> np.ndarray:
    """Fetches `values` [H, W(, C)] through a flow from `LineFlow`; nearest by default (labels), bilinear if smooth."""
    height, width = flow.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return cv2.remap(values, across + flow[..., 0], down + flow[..., 1], how, borderMode=cv2.BORDER_REPLICATE)


class Carried:
    """The first picture, carried along with the lines from frame to frame, and mended where the lines no longer fit.

    A second opinion for colours found in another way: the errors of the two differ, so their mean is nearer the truth,
    and shaded areas do not flicker. share: its weight in the mean. (Mending also where the two opinions differ in
    colour cost 3 dB on drawn painted shots and 1.3 dB on a real one: it is mostly the other that is wrong.)

    known: uint8 [H, W], how sure the colours were where they come from, carried along with them; None: not said.
    ground: float32 [H, W] in [0, 1], how much of them is ground behind the characters; None: none. What is carried to
    places that are found to be ground again and again, as where a character has left, gives way there.
    """

    LINE_TOLERANCE = 48.0  # levels of the flow pictures by which lines may be off
    CUT = 20.0  # the same, mean of the picture: 99 of 100 frames stay below 15; between other pictures 30 is common
    GIVES_WAY = 0.2  # share, each frame

    def __init__(self, share: float = 0.9):
        self.share = share
        self.lines: np.ndarray | None = None
        self.colors: np.ndarray | None = None
        self.known: np.ndarray | None = None
        self.ground: np.ndarray | None = None

    def start(
        self,
        lines: np.ndarray,
        colors: np.ndarray,
        known: np.ndarray | None = None,
        ground: np.ndarray | None = None,
    ) -> None:
        """lines: uint8 [H, W]; colors: uint8 [H, W, 3] of the same picture."""
        self.lines, self.colors, self.known, self.ground = lines, colors, known, ground

    def blend(self, lines: np.ndarray, colors: np.ndarray, unknown: np.ndarray | None = None) -> np.ndarray:
        """The colours found for the next drawing, mixed with those carried to it: uint8 [H, W, 3].

        unknown: float32 [H, W] in [0, 1], where ground was found and nothing is known of it. If it is said how sure the
        carried colours are, what is carried to such places is continued there smoothly, and stays known.
        """
        if unknown is not None and not unknown.any():
            unknown = None
        if self.lines is None or self.lines.shape != lines.shape:
            self.start(lines, colors, ground=unknown)
            return colors
        target, source = flow_picture(lines), flow_picture(self.lines)
        flow = LineFlow()(target, source)
        carried = warp(self.colors, flow, smooth=True).astype(np.float32)
        line = cv2.absdiff(target, warp(source, flow, smooth=True)).astype(np.float32)
        cut = (line.mean() / self.CUT) ** 4
        fits = np.exp(-np.square(_blur(line, 1 / 40) / self.LINE_TOLERANCE) - cut)
        was_ground = np.zeros_like(fits) if self.ground is None else warp(self.ground, flow, smooth=True)
        known, beside = None, np.float32(1)
        if self.known is not None:
            known = fits * warp(self.known, flow, smooth=True)
            if unknown is not None:
                colors, known, beside = _continued(colors, carried, known, unknown, was_ground)
            known = _levels(known)
        ground = None
        if unknown is not None:
            is_ground = (unknown > 0.5).astype(np.float32)
            given_way = self.GIVES_WAY * beside * is_ground * np.minimum(4 * (1 - was_ground), 1)
            ground = was_ground + given_way * (1 - was_ground) - self.GIVES_WAY * (1 - is_ground) * was_ground
            ground = fits * ground + (1 - fits) * is_ground
            fits = fits * (1 - given_way)
        fits = fits[..., None]
        carried = fits * carried + (1 - fits) * colors
        self.start(lines, _levels(carried), known, ground)
        return _levels(self.share * carried + (1 - self.share) * colors)


def _continued(colors, carried, known, unknown, was_ground) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ground carried along, continued smoothly to where ground is found and unknown: colours, how sure they are,
    and float32 [H, W] in [0, 1], whether there is carried ground near by."""
    seen = unknown * known * np.maximum(was_ground**4, _FAINT)
    around = _blur(np.dstack([carried * seen[..., None], seen, seen * known]), 1 / 12)
    amount = around[..., 3]
    there = unknown * (amount > _FAINT)
    smooth = around[..., :3] / np.maximum(amount, _FAINT)[..., None]
    colors = there[..., None] * smooth + (1 - there[..., None]) * colors
    known = np.maximum(known, there * around[..., 4] / np.maximum(amount, _FAINT))
    return colors, known, np.minimum(amount / 25, 1)


def _blur(values: np.ndarray, extent: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), max(extent * values.shape[0], 0.5))


def _levels(values: np.ndarray) -> np.ndarray:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)
