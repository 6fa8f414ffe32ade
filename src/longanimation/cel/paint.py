"""Labels per region -> colours, and the artist's line on top."""

import cv2
import numpy as np

from longanimation.errors import InputError

from .cut_by_paint import cut_by_paint, main_labels
from .palette import Palette
from .region_map import RegionMap


def paint(region_map: RegionMap, labels: np.ndarray, palette: Palette | np.ndarray) -> np.ndarray:
    """Flat colours: every pixel of a region, also under its lines, in the colour of the region's label.

    labels: int [count], palette: Palette or uint8 [K, 3] -> uint8 [H, W, 3]. Raises InputError where the sizes differ.
    """
    colors = palette.colors if isinstance(palette, Palette) else np.asarray(palette, np.uint8)
    labels = np.asarray(labels)
    if labels.shape != (region_map.count,):
        raise InputError(f"paint needs one label per region ({region_map.count}), got an array of {list(labels.shape)}")
    if labels.min() < 0 or labels.max() >= len(colors):
        raise InputError(f"labels must lie in 0..{len(colors) - 1}, got {labels.min()}..{labels.max()}")
    # One 32-bit look-up per pixel is several times faster than three of a byte.
    packed = np.zeros((region_map.count, 4), np.uint8)
    packed[:, :3] = colors[labels]
    pixels = np.take(packed.view(np.uint32).reshape(-1), region_map.ids)
    return cv2.cvtColor(pixels.view(np.uint8).reshape(*region_map.shape, 4), cv2.COLOR_RGBA2RGB)


def paint_key_frame(region_map: RegionMap, picture: np.ndarray, palette: Palette) -> np.ndarray:
    """A painted frame in clean flat colours: every region in the one that most of its pixels are nearest to, and larger
    patches of other colours in it, where an open outline joins several things, in theirs.

    picture: uint8 [H, W, 3] without lines -> uint8 [H, W, 3].
    """
    labels = palette.labels(picture)
    region_map = cut_by_paint(region_map, labels)
    return paint(region_map, main_labels(region_map, labels), palette)


def composite(colors: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """The ink over the colours: exact integer "over", rounded to nearest.

    colors: uint8 [H, W, 3]; ink: uint8 [H, W, 4], straight alpha -> uint8 [H, W, 3], a new array. Where alpha is 255
    the result is the ink's own value, where it is 0 the colour's. Raises InputError where the sizes differ.
    """
    if colors.shape[2:] != (3,) or ink.shape != (*colors.shape[:2], 4):
        raise InputError(f"composite needs colours [H, W, 3] and ink [H, W, 4], got {colors.shape} and {ink.shape}")
    result = np.ascontiguousarray(colors).copy()
    flat, ink = result.reshape(-1, 3), np.ascontiguousarray(ink)
    at = np.flatnonzero(cv2.extractChannel(ink, 3))
    over = ink.reshape(-1, 4)[at].astype(np.uint16)  # 255 * 255 + 127 still fits
    alpha = over[:, 3:]
    flat[at] = (over[:, :3] * alpha + flat[at] * (255 - alpha) + 127) // 255
    return result
