"""RGB frames to limited-range bt709 pictures, computed here so that every library version gives the same values."""

from __future__ import annotations

import av
import cv2
import numpy as np

# The samples of 4:2:0 chroma sit on every other column and between two rows (MPEG-2 siting, the default of H.264).
_ALONG_ROWS = np.array([0.25, 0.5, 0.25])
_ALONG_COLUMNS = np.array([0.5, 0.5])
_TAGS = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}  # bt709, limited


def to_picture(frame: np.ndarray, padding: tuple[int, int], pixels: str) -> av.VideoFrame:
    """One picture for an encoder.

    Args:
        frame: uint8 [H, W, 3] sRGB, or [H, W, 4] which is laid on white.
        padding: rows and columns by which the last row and column are repeated.
        pixels: "yuv420p" (sides with padding even) or "yuv444p10le".
    """
    if frame.shape[2] == 4:
        alpha = frame[..., 3:].astype(np.uint16)
        frame = ((frame[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if any(padding):
        frame = cv2.copyMakeBorder(frame, 0, padding[0], 0, padding[1], cv2.BORDER_REPLICATE)
    if pixels == "yuv444p10le":
        values = cv2.transform(frame.astype(np.float32), _matrix(depth=10))
        luma, *chroma = np.rint(values).astype(np.uint16).transpose(2, 0, 1)
    else:
        values = cv2.transform(np.ascontiguousarray(frame), _matrix(depth=8))
        luma, chroma = values[..., 0], [_halved(values[..., 1]), _halved(values[..., 2])]
    picture = av.VideoFrame(frame.shape[1], frame.shape[0], pixels)
    for plane, samples in zip(picture.planes, (luma, *chroma), strict=True):
        _fill(plane, samples)
    for tag, value in _TAGS.items():  # ProRes and VP9 take them from the frame, H.264 from the stream
        if hasattr(picture, tag):
            setattr(picture, tag, value)
    return picture


def _halved(chroma: np.ndarray) -> np.ndarray:
    smooth = cv2.sepFilter2D(
        np.ascontiguousarray(chroma), -1, _ALONG_ROWS, _ALONG_COLUMNS, anchor=(1, 0), borderType=cv2.BORDER_REPLICATE
    )
    return smooth[::2, ::2]


def _fill(plane: av.video.plane.VideoPlane, samples: np.ndarray) -> None:
    rows = np.zeros((plane.height, plane.line_size), np.uint8)
    packed = np.ascontiguousarray(samples).view(np.uint8)
    rows[:, : packed.shape[1]] = packed
    plane.update(rows)


def _matrix(depth: int) -> np.ndarray:
    """float32 [3, 4] from sRGB 0..255 to Y, Cb, Cr of `depth` bits (ITU-R BT.709-6, section 3)."""
    red, blue = 0.2126, 0.0722
    luma = np.array([red, 1 - red - blue, blue])
    blueness = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    redness = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    rows = np.stack([219 * luma, 224 * blueness, 224 * redness]) / 255
    return (np.c_[rows, [16, 128, 128]] * 2 ** (depth - 8)).astype(np.float32)
