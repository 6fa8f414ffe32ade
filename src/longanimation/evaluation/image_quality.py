"""PSNR and SSIM of a frame, equal to scikit-image's but quick where the two frames agree."""

import cv2
import numpy as np

PERFECT_PSNR = 60.0
"""Decibels given to a frame without any error, so that a mean over frames stays finite (8-bit steps end at 48 dB)."""

_WINDOW = 7
_TILE = 96


def psnr(result: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, at most `PERFECT_PSNR`: uint8 [H, W, 3] twice."""
    squared = cv2.norm(result, truth, cv2.NORM_L2SQR) / result.size
    return PERFECT_PSNR if squared == 0 else min(PERFECT_PSNR, 10 * float(np.log10(255**2 / squared)))


def ssim(result: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity (7 x 7 mean window, channels averaged), -1..1: uint8 [H, W, 3] twice, at least 7 x 7.

    Tiles in which the frames are identical score 1 without being computed.
    """
    height, width = truth.shape[:2]
    half = _WINDOW // 2
    lost = 0.0
    for top in range(half, height - half, _TILE):
        for left in range(half, width - half, _TILE):
            bottom, right = min(top + _TILE, height - half), min(left + _TILE, width - half)
            box = np.s_[top - half : bottom + half, left - half : right + half]
            if not np.array_equal(result[box], truth[box]):
                lost += float((1 - _similarity(result[box], truth[box])).sum())
    return 1 - lost / ((height - 2 * half) * (width - 2 * half) * 3)


def _similarity(result: np.ndarray, truth: np.ndarray) -> np.ndarray:
    x, y = result.astype(np.float32) - 128, truth.astype(np.float32) - 128  # centred: float32 keeps the variances
    half = _WINDOW // 2

    def mean(values):
        return cv2.boxFilter(values, -1, (_WINDOW, _WINDOW))[half:-half, half:-half]

    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    mean_x, mean_y = mean(x), mean(y)
    variance_x = sample * (mean(x * x) - mean_x * mean_x)
    variance_y = sample * (mean(y * y) - mean_y * mean_y)
    covariance = sample * (mean(x * y) - mean_x * mean_y)
    mean_x, mean_y = mean_x + 128, mean_y + 128
    c_1, c_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c_1) * (2 * covariance + c_2)
    below = (mean_x**2 + mean_y**2 + c_1) * (variance_x + variance_y + c_2)
    return above / below
