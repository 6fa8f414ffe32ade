"""Coloured reference pictures -> the palette they were painted with."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.errors import InputError

from .cluster_colors import EXACT_SHARE, cluster_colors
from .line_mask import check_lines
from .mixtures import is_mixture, mixtures
from .palette import Palette, check_picture, difference, pack, unpack
from .region_map import RegionMap
from .segment import segment

CLEAR = 8  # quarter pixels from a line to where its antialiasing no longer tints the paint
SLIGHT = 6  # levels
RIPPLE = (0.3, 0.7)  # `ripple` of a clean picture, and of one that was compressed or painted in gradients
TOLERANCE = (1.3, 4.0)  # CIEDE2000 within which colours of such pictures are one
GRAINY = 3.0  # levels of noise from which it is filtered before colours are read
EXACT = 0.26  # of the tolerance: the mean of a block is at most this far from the colour if that really is flat
FEWEST_EXACT = 4  # pixels of one value in a narrow region, from which on it is the paint
BLOCK = 8  # side of those blocks: large enough to average noise away, small enough to see a gradient


@dataclass(frozen=True)
class Found:
    """Colours of one picture: uint8 [N, 3]; pixels int64 [N] that have them; flat bool [N], not a step of a gradient;
    explained, total: pixels of the picture that are flat colour, and all that were looked at."""

    colors: np.ndarray
    pixels: np.ndarray
    flat: np.ndarray
    tolerance: float
    explained: float
    total: float


def extract_palette(images: Sequence[np.ndarray], lines: Sequence[np.ndarray], *, max_colors: int = 96) -> Palette:
    """The flat colours of coloured pictures.

    images: uint8 [H, W, 3] each; lines: uint8 [H, W] each, 255 paper: line pixels and their fringes are left out.
    Mixtures from antialiasing are no colours, noise of compression is averaged away, a colour of a few pixels counts.
    Beyond max_colors, steps of gradients go first, then the rarest. Raises InputError for input of other shapes.
    """
    if not len(images) or len(images) != len(lines):
        raise InputError(f"extract_palette needs as many pictures as line drawings, got {len(images)} and {len(lines)}")
    if max_colors < 1:
        raise InputError(f"max_colors must be at least 1, got {max_colors}")
    found = [read_colors(image, drawing) for image, drawing in zip(images, lines, strict=True)]
    colors, pixels, flat = found[0].colors, found[0].pixels, found[0].flat
    for other in found[1:]:
        distance = difference(other.colors[:, None], colors[None])
        nearest, known = distance.argmin(1), distance.min(1) <= other.tolerance
        np.add.at(pixels, nearest[known], other.pixels[known])
        np.logical_or.at(flat, nearest[known], other.flat[known])
        colors = np.concatenate([colors, other.colors[~known]])
        pixels = np.concatenate([pixels, other.pixels[~known]])
        flat = np.concatenate([flat, other.flat[~known]])
    kept = np.lexsort((-pixels, ~flat))[:max_colors]
    kept = kept[np.lexsort((kept, -pixels[kept]))]
    share = sum(one.explained for one in found) / max(sum(one.total for one in found), 1)
    return Palette(np.ascontiguousarray(colors[kept]), float(share))


def read_colors(image: np.ndarray, lines: np.ndarray) -> Found:
    check_picture(image)
    check_lines(lines)
    if image.shape[:2] != lines.shape:
        raise InputError(f"picture {image.shape[:2]} and its lines {lines.shape} must have the same size")
    image = np.ascontiguousarray(image)
    regions = segment(lines)
    clear = clear_of_lines(regions)
    noise = grain(image, clear)
    if noise >= GRAINY:
        image = cv2.medianBlur(image, 3)
        noise = grain(image, clear)
    spread = local_spread(image)
    blocks = cv2.erode(clear.view(np.uint8), np.ones((2, 2), np.uint8), anchor=(0, 0)).view(bool)
    tolerance = float(np.interp(ripple(image, clear), RIPPLE, TOLERANCE))
    # A pixel of a 2x2 block of nearly one colour is paint; a pixel of an antialiased edge is in no such block.
    even = blocks & (spread <= min(4 + 2 * (tolerance - TOLERANCE[0]) + 2 * noise, 16))
    solid = cv2.dilate(even.view(np.uint8), np.ones((2, 2), np.uint8), anchor=(1, 1)).view(bool)

    colors, pixels = cluster_colors(image[solid], tolerance)
    if len(colors):
        real = ~mixtures(image, solid, ~regions.inside, colors, pixels, tolerance)
        colors, pixels = colors[real], pixels[real]
    extra = missed_regions(image, solid, clear, regions, colors, tolerance)
    colors = np.concatenate([colors, extra])
    pixels = np.concatenate([pixels, np.ones(len(extra), np.int64)])
    if not len(colors):
        colors, pixels = np.median(image.reshape(-1, 3), axis=0)[None].astype(np.uint8), np.ones(1, np.int64)
    flat, explained = flatness(image, clear, solid, colors, tolerance)
    return Found(colors, pixels, flat, tolerance, explained, float(clear.sum()))


def ripple(image: np.ndarray, clear: np.ndarray) -> float:
    """Share of slight differences among all differences between neighbouring pixels, 0..1.

    In a clean picture a pixel equals its neighbour or differs clearly; lossy compression and gradients leave ripples.
    """
    spread = local_spread(image)[clear]
    differ = np.count_nonzero(spread)
    return np.count_nonzero((spread > 0) & (spread <= SLIGHT)) / differ if differ > 0.001 * spread.size else 0.0


def clear_of_lines(regions: RegionMap) -> np.ndarray:
    """bool [H, W]: pixels untouched by the fringe of a line; in thin regions the deepest pixels there are."""
    clear = regions.inside & (regions.depth >= CLEAR)
    shallow = np.bincount(regions.ids[clear], minlength=regions.count) == 0
    at = np.flatnonzero(shallow[regions.ids] & regions.inside)
    region, depth = regions.ids.reshape(-1)[at], regions.depth.reshape(-1)[at]
    deepest = np.zeros(regions.count, np.uint8)
    np.maximum.at(deepest, region, depth)
    clear.reshape(-1)[at[depth >= deepest[region]]] = True
    return clear


def grain(image: np.ndarray, clear: np.ndarray) -> float:
    """Noise of a picture in levels: the usual spread within a block of 2x2 pixels clear of lines."""
    return float(np.median(local_spread(image)[clear])) if clear.any() else 0.0


def local_spread(image: np.ndarray) -> np.ndarray:
    """uint8 [H, W]: largest difference of a channel within the 2x2 block that starts at each pixel."""
    window = np.ones((2, 2), np.uint8)
    return (cv2.dilate(image, window, anchor=(0, 0)) - cv2.erode(image, window, anchor=(0, 0))).max(-1)


def missed_regions(image, solid, clear, regions: RegionMap, colors: np.ndarray, tolerance: float) -> np.ndarray:
    """uint8 [N, 3]: colours of closed regions too small for a block of pure paint, unless the line explains them."""
    unread = (np.bincount(regions.ids[solid], minlength=regions.count) == 0) & (regions.areas >= 4)
    extra = np.zeros((0, 3), np.uint8)
    if not unread.any():
        return extra
    line = np.median(image[~regions.inside], axis=0)
    for region in np.flatnonzero(unread):
        y0, x0, y1, x1 = regions.boxes[region]
        part = image[y0:y1, x0:x1]
        own = regions.ids[y0:y1, x0:x1] == region
        exact = exact_color(part[own & regions.inside[y0:y1, x0:x1]], line)
        color = np.median(part[own & clear[y0:y1, x0:x1]], axis=0).astype(np.uint8) if exact is None else exact
        known = np.concatenate([colors, extra])
        if len(known) and difference(color[None], known).min() <= 1.5 * tolerance:
            continue
        if exact is not None or not any(is_mixture(color, line, other) for other in known):
            extra = np.concatenate([extra, color[None]])
    return extra


def exact_color(pixels: np.ndarray, line: np.ndarray) -> np.ndarray | None:
    """uint8 [3], a value that so many pixels (uint8 [N, 3]) of a narrow region have exactly that it is the paint: what
    antialiasing mixes into it differs from pixel to pixel. Of several values the one farthest from the line's colour
    (float [3]); None if there is none."""
    codes, counts = np.unique(pack(pixels), return_counts=True)
    common = unpack(codes[counts >= max(FEWEST_EXACT, EXACT_SHARE * len(pixels))])
    return common[np.linalg.norm(common - line, axis=1).argmax()] if len(common) else None


def flatness(image, clear, solid, colors: np.ndarray, tolerance: float) -> tuple[np.ndarray, float]:
    """Which colours are flat paint and not a step of a gradient (bool [K]), and how many clear pixels those explain.

    Over a block of pixels noise averages out: the mean lies on the colour if that is flat paint, anywhere within the
    tolerance if it stands for a part of a gradient.
    """
    labels = Palette(colors, 0.0).labels(image).astype(np.int16)
    side = BLOCK if min(clear.shape) >= 400 else BLOCK // 2
    rows, columns = clear.shape[0] // side, clear.shape[1] // side
    cut = np.s_[: rows * side, : columns * side]
    tiles = np.where(clear, labels, -1)[cut].reshape(rows, side, columns, side)
    low, high = tiles.min((1, 3)), tiles.max((1, 3))
    mean = cv2.resize(image[cut].astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    pure = (low == high) & (low >= 0)
    block_label = low[pure]
    exact = difference(mean[pure], colors[block_label]) <= EXACT * tolerance
    blocks = np.bincount(block_label, minlength=len(colors))
    ratio = np.bincount(block_label, weights=exact, minlength=len(colors)) / np.maximum(blocks, 1)
    # Colours that nowhere fill a block are judged pixel by pixel.
    single = solid & (blocks == 0)[labels]
    own = labels[single]
    exact = difference(image[single], colors[own]) <= 2 * EXACT * tolerance
    hits = np.bincount(own, weights=exact, minlength=len(colors)) / np.maximum(
        np.bincount(own, minlength=len(colors)), 1
    )
    ratio = np.where(blocks > 0, ratio, hits)
    return ratio >= 0.5, float(ratio[labels[solid]].sum())
