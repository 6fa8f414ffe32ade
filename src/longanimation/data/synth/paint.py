"""Paint a list of shapes in painter's order: label and part maps, and the drawing (lines, traces, ink)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.data.synth.style import LineStyle

NONE, INK, TRACE = 0, 1, 2
_SHIFT = 4
_ONE = 1 << _SHIFT


@dataclass(frozen=True)
class DrawnFrame:
    """One drawn frame with its truth.

    lines uint8 [H, W], 255 = paper, 0 = line; traces bool [H, W], coloured border lines; labels uint8 [H, W], palette index,
    also under the lines; parts uint16 [H, W], identity of the part over the whole shot, 0 = background;
    ink uint8 [H, W, 4], the line as drawn, straight-alpha RGBA.
    """

    lines: np.ndarray
    traces: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    ink: np.ndarray


class Shape:
    """One painted shape. points: float [n, 2] in frame units (1 = frame height, origin at the centre), already sampled.

    clip: painted only inside the last unclipped shape (a decal on it). shade: not a colour of its own, but the part of the
    last unclipped shape *outside* these points is in shadow.
    """

    __slots__ = ("points", "part", "colour", "line", "closed", "fill", "clip", "shade", "width")

    def __init__(self, points, part, colour, line=INK, closed=True, fill=True, clip=False, shade=False, width=1.0):
        self.points = points
        self.part = part
        self.colour = colour
        self.line = line
        self.closed = closed
        self.fill = fill
        self.clip = clip
        self.shade = shade
        self.width = width


def _strokes(pixels: np.ndarray, closed: bool, style: LineStyle, rng) -> list[tuple[np.ndarray, bool]]:
    """The pen strokes for one outline (pixels float [n, 2]): whole, or jittered, doubled, with gaps."""
    if style.jitter <= 0 and style.gaps <= 0:
        return [(pixels, closed)]
    out = []
    for _ in range(2 if style.double else 1):
        p = pixels
        n = len(p)
        if style.jitter > 0:
            knots = max(3, n // 5)
            noise = rng.standard_normal((knots, 2)).astype(np.float32) * style.jitter
            if closed:
                noise[-1] = noise[0]
            at = np.linspace(0, knots - 1, n)
            low = at.astype(np.intp).clip(0, knots - 2)
            f = (at - low)[:, None].astype(np.float32)
            p = p + noise[low] * (1 - f) + noise[low + 1] * f
        if style.gaps > 0 and rng.random() < style.gaps and n > 6:
            hole = rng.integers(0, n)
            length = 1 if rng.random() < 0.7 else 2
            p = np.roll(p, -int(hole), 0) if closed else p
            out.append((p[length:] if closed else p[: max(2, n - length)], False))
        else:
            out.append((p, closed))
    return out


class Painter:
    """Holds the buffers of one frame size and paints shape lists into them."""

    def __init__(self, size: tuple[int, int], style: LineStyle):
        self.height, self.width = size
        self.style = style
        self.thickness = style.thickness * self.height

    def paint(self, shapes: list[Shape], label_of: np.ndarray | None, seed: int, shadow_part: int = 0) -> DrawnFrame:
        """shapes back to front; the first must cover the frame or the background has index 0.

        label_of: uint8 [K], shadow colour of each palette index (itself where it has none).
        """
        h, w = self.height, self.width
        style = self.style
        # Seeded per shape, so that the pen of one part does not depend on what else is in the picture.
        index = np.zeros((h, w), np.uint16)
        canvas = np.full((h, w, 3), 255, np.uint8)
        shade = np.zeros((h, w), np.uint8)
        has_shade = False
        parts = [0]
        colours = [0]
        parent = 0
        offset = np.array([w / 2 - 0.5, h / 2 - 0.5], np.float32)
        rng = np.random.default_rng(seed) if (style.jitter > 0 or style.gaps > 0) else None
        scale = np.float32(h)
        for shape in shapes:
            pixels = np.asarray(shape.points, np.float32) * scale + offset
            low, high = pixels.min(0), pixels.max(0)
            if (high[0] < -4 or high[1] < -4 or low[0] > w + 4 or low[1] > h + 4) and not shape.shade:
                if not shape.clip:
                    parent = len(parts)
                    parts.append(shape.part)
                    colours.append(shape.colour)
                continue
            fixed = np.rint(pixels * _ONE).astype(np.int32)
            number = len(parts)
            if shape.clip or shape.shade:
                if shape.shade:
                    x0, y0, x1, y1 = 0, 0, w, h
                else:
                    x0, y0 = max(int(low[0]) - 3, 0), max(int(low[1]) - 3, 0)
                    x1, y1 = min(int(high[0]) + 4, w), min(int(high[1]) + 4, h)
                if x1 <= x0 or y1 <= y0:
                    continue
                inside = index[y0:y1, x0:x1] >= parent
                local = fixed - np.array([x0 * _ONE, y0 * _ONE], np.int32)
                if shape.fill or shape.shade:
                    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
                    cv2.fillPoly(mask, [local], 1, cv2.LINE_8, _SHIFT)
                    if shape.shade:
                        shade[y0:y1, x0:x1][inside & (mask == 0)] = 1
                        has_shade = True
                    else:
                        hit = inside & (mask != 0)
                        index[y0:y1, x0:x1][hit] = number
                        parts.append(shape.part)
                        colours.append(shape.colour)
                        canvas[y0:y1, x0:x1][hit] = 255
                if shape.line:
                    sheet = np.full((y1 - y0, x1 - x0, 3), 255, np.uint8)
                    self._draw(sheet, pixels - np.array([x0, y0], np.float32), shape, rng)
                    view = canvas[y0:y1, x0:x1]
                    np.minimum(view, sheet, out=view, where=inside[..., None])
                continue
            if shape.fill:
                parent = number
                parts.append(shape.part)
                colours.append(shape.colour)
                cv2.fillPoly(index, [fixed], number, cv2.LINE_8, _SHIFT)
                cv2.fillPoly(canvas, [fixed], (255, 255, 255), cv2.LINE_8, _SHIFT)
                if has_shade:
                    cv2.fillPoly(shade, [fixed], 0, cv2.LINE_8, _SHIFT)
            if shape.line:
                self._draw(canvas, pixels, shape, rng)
        labels = np.asarray(colours, np.uint8)[index]
        part_map = np.asarray(parts, np.uint16)[index]
        if has_shade and label_of is not None:
            dark = label_of[labels]
            dark_hit = (shade != 0) & (dark != labels)
            labels = np.where(dark_hit, dark, labels)
            part_map = np.where(dark_hit, part_map + np.uint16(shadow_part), part_map)
        return self._finish(canvas, labels, part_map, seed)

    def _draw(self, canvas: np.ndarray, pixels: np.ndarray, shape: Shape, rng) -> None:
        style = self.style
        trace = shape.line == TRACE
        colour = style.trace_colour if trace else (0, 0, 0)
        thickness = self.thickness * (style.trace_width if trace else shape.width)
        if style.variable and rng is None:
            thickness *= 1.0
        whole = max(1, int(thickness + 0.5))
        for points, closed in _strokes(pixels, shape.closed, style, rng):
            fixed = np.rint(points * _ONE).astype(np.int32)
            cv2.polylines(canvas, [fixed], closed, colour, whole, cv2.LINE_AA, _SHIFT)
            if style.variable and not trace:
                n = len(fixed)
                first, last = n // 5, n // 2 + 1
                cv2.polylines(canvas, [fixed[first:last]], False, colour, whole + max(1, whole // 2), cv2.LINE_AA, _SHIFT)

    def _finish(self, canvas: np.ndarray, labels: np.ndarray, parts: np.ndarray, seed: int) -> DrawnFrame:
        style = self.style
        low = np.minimum(np.minimum(canvas[..., 0], canvas[..., 1]), canvas[..., 2])
        high = np.maximum(np.maximum(canvas[..., 0], canvas[..., 1]), canvas[..., 2])
        traces = (high - low) > 96
        lines = low
        ink = np.empty((*lines.shape, 4), np.uint8)
        alpha = 255 - lines
        if style.machine:
            rng = np.random.default_rng(seed + 1)
            lines = lines.copy()
            cells = rng.random((lines.shape[0] // 4 + 1, lines.shape[1] // 4 + 1)).repeat(4, 0).repeat(4, 1)
            lines[cells[: lines.shape[0], : lines.shape[1]] < style.breaks] = 255
            lines = np.where(lines < 150, 0, 255).astype(np.uint8)
            count = int(style.specks * lines.size)
            ys, xs = rng.integers(0, lines.shape[0] - 1, count), rng.integers(0, lines.shape[1] - 1, count)
            lines[ys, xs] = 0
            lines[ys, xs + 1] = 0
            alpha = 255 - lines
        ink[..., :3] = np.where(traces[..., None], np.asarray(style.trace_colour, np.uint8), np.uint8(style.ink_level))
        ink[..., 3] = alpha
        return DrawnFrame(lines=lines, traces=traces & (lines < 200), labels=labels, parts=parts, ink=ink)
