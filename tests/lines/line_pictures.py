"""Small drawings and painted frames for the tests of this folder."""

from __future__ import annotations

import cv2
import numpy as np

PAINTS = np.array([[70, 42, 30], [240, 205, 180], [200, 60, 50], [60, 110, 190], [120, 170, 90]], np.uint8)


def drawing(size=(120, 160), ink=(0, 0, 0), paper=(255, 255, 255), thickness=2) -> np.ndarray:
    """A figure of four open and closed antialiased lines, uint8 [H, W, 3]."""
    frame = np.full((*size, 3), paper, np.uint8)
    cv2.circle(frame, (60, 60), 40, ink, thickness, cv2.LINE_AA)
    cv2.line(frame, (100, 30), (150, 100), ink, thickness, cv2.LINE_AA)
    cv2.rectangle(frame, (45, 50), (75, 70), ink, thickness, cv2.LINE_AA)
    return frame


def painted(size=(160, 200), ink: bool = True, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A flat-coloured frame with or without ink lines: uint8 [H, W, 3] and its areas, uint8 [H, W]."""
    areas = np.zeros(size, np.uint8)
    cv2.circle(areas, (90, 90), 60, 1, -1)
    cv2.ellipse(areas, (90, 60), (60, 35), 0, 0, 360, 2, -1)
    cv2.rectangle(areas, (70, 90), (115, 110), 3, -1)
    cv2.fillPoly(areas, [np.array([[150, 20], [190, 20], [170, 140]])], 4)
    frame = np.array([[150, 190, 220], PAINTS[1], PAINTS[0], PAINTS[2], PAINTS[3]], np.uint8)[areas]
    if ink:
        for area in range(1, 5):
            shape = (areas == area).astype(np.uint8)
            outlines, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(frame, outlines, -1, (25, 15, 15), 2, cv2.LINE_AA)
    noise = np.random.default_rng(seed).normal(0, 1.5, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8), areas


def laid_on_white(ink: np.ndarray) -> np.ndarray:
    """float [H, W, 3] of straight-alpha RGBA on white."""
    alpha = ink[..., 3:] / 255
    return ink[..., :3] * alpha + 255 * (1 - alpha)
