"""Where a coloured picture changes: dark thin lines, and steps between colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_CHROMA = 0.65  # video stores colour at half the resolution, so steps of colour alone count less than of lightness
_BLACK = (7, 17)  # CIELAB lightness that is certainly ink, certainly not
_LINE_OVER_STEP = 2.4  # the middle of an ink line is to win over its two sides


@dataclass(frozen=True)
class Contrast:
    """Local contrast of a picture, in units of perceived difference (about CIE94 delta E).

    Attributes:
        lab: float32 [H, W, 3], smoothed CIELAB.
        line: float32 [H, W], how much darker than both sides the pixel is, if it belongs to something thin.
        stroke: float32 [H, W], the same where the picture is bent in one direction only, so not at corners and ends.
        line_angle: float32 [H, W], direction across the line, radians.
        step: float32 [H, W], height of the colour step at the pixel.
        step_angle: float32 [H, W], direction across the step, radians.
        scale: pixel unit, 1 up to 600 lines.
    """

    lab: np.ndarray
    line: np.ndarray
    stroke: np.ndarray
    line_angle: np.ndarray
    step: np.ndarray
    step_angle: np.ndarray
    scale: float

    @property
    def border(self) -> np.ndarray:
        """float32 [H, W]: strength as a border of either kind, highest in the middle of a line."""
        return np.maximum(self.step, _LINE_OVER_STEP * self.line)


def ellipse(radius: float) -> np.ndarray:
    """Round structuring element."""
    side = 2 * round(radius) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def measure_contrast(picture: np.ndarray) -> Contrast:
    """Contrast of uint8 [H, W, 3] sRGB."""
    scale = max(1.0, min(picture.shape[:2]) / 600)
    smooth = cv2.bilateralFilter(np.ascontiguousarray(picture), 5, 14, 1.5)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness = np.ascontiguousarray(lab[..., 0])

    thin = _thin_and_dark(lightness, scale)
    straightness, line_angle = _ridge_direction(lightness, 1.2 * scale)

    # Differences between strong colours are seen less (the chroma weight of CIE94).
    chroma = cv2.magnitude(lab[..., 1], lab[..., 2])
    weight = _CHROMA * cv2.GaussianBlur(1 / (1 + 0.045 * chroma), (0, 0), 1.0)
    blurred = cv2.GaussianBlur(lab, (0, 0), 0.8 * scale)
    gain = 2.5 * scale / 32  # from a Scharr response to the height of a step blurred like this
    across = cv2.Scharr(blurred, cv2.CV_32F, 1, 0, scale=gain)
    down = cv2.Scharr(blurred, cv2.CV_32F, 0, 1, scale=gain)
    weights = cv2.merge([np.ones_like(weight), weight, weight])
    across, down = across * weights, down * weights
    xx, yy, xy = _dot(across, across), _dot(down, down), _dot(across, down)
    step_angle = 0.5 * cv2.phase(xx - yy, 2 * xy)
    return Contrast(lab, thin, thin * straightness, line_angle, cv2.sqrt(xx + yy), step_angle, scale)


def crests(strength: np.ndarray, angle: np.ndarray, low: float, high: float) -> np.ndarray:
    """bool [H, W]: pixels that are highest across `angle`, above `low` and connected to one above `high`."""
    unit = 50  # steps per unit of strength: the tracer works on integers
    x, y = cv2.polarToCart(np.minimum(strength * unit, 30_000), angle)
    return cv2.Canny(x.astype(np.int16), y.astype(np.int16), low * unit, high * unit, L2gradient=True) > 0


def _thin_and_dark(lightness: np.ndarray, scale: float) -> np.ndarray:
    """float32 [H, W]: how much darker a thin thing is than what surrounds it, highest in its middle.

    Closing fills only what is dark and thin, so the border of a dark fill gives nothing. Lines of any darkness may be
    about four pixels wide (at 600 lines), black ones eight: thick ink, where a painted band has its two borders.
    """
    levels = np.rint(lightness * 2.5).astype(np.uint8)
    fine = cv2.morphologyEx(levels, cv2.MORPH_BLACKHAT, ellipse(2.2 * scale)).astype(np.float32) / 2.5
    thick = cv2.morphologyEx(levels, cv2.MORPH_BLACKHAT, ellipse(4.2 * scale)).astype(np.float32) / 2.5
    thick *= np.clip((_BLACK[1] - lightness) / (_BLACK[1] - _BLACK[0]), 0, 1)
    return 1.4 * np.maximum(cv2.GaussianBlur(fine, (0, 0), 0.8 * scale), cv2.GaussianBlur(thick, (0, 0), 1.6 * scale))


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sum over the three channels of the product."""
    return cv2.transform(one * other, np.ones((1, 3), np.float32))


def _ridge_direction(lightness: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """How line-like the picture is bent at each pixel (0 to 1), and the direction across."""
    smooth = cv2.GaussianBlur(lightness, (0, 0), sigma)
    xx = cv2.Sobel(smooth, cv2.CV_32F, 2, 0)
    yy = cv2.Sobel(smooth, cv2.CV_32F, 0, 2)
    xy = cv2.Sobel(smooth, cv2.CV_32F, 1, 1)
    half = (xx - yy) * 0.5
    mean = (xx + yy) * 0.5
    spread = cv2.magnitude(half, xy)
    strongest, other = mean + spread, np.abs(mean - spread)
    straightness = np.clip((strongest - other) / (np.abs(strongest) + 1e-2), 0, 1)
    return straightness, 0.5 * cv2.phase(half, xy)
