"""Paint a list of shapes in painter's order: label and part maps, and the drawing (lines, traces, ink)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from longanimation.data.synth import pen
from longanimation.data.synth.pen import ONE, SHIFT
from longanimation.data.synth.shapes import (
    BODY,
    CLIP,
    CLIP_STROKE,
    MARK,
    NONE,
    SHADE_IN,
    SHADE_OUT,
    SOLID,
    STROKE,
    TRACE,
    Shape,
)
from longanimation.data.synth.style import LineStyle

SHADOW_PART = 4096  # a part in shadow has this added to its identity


@dataclass(frozen=True)
class DrawnFrame:
    """One drawn frame with its truth.

    lines uint8 [H, W], 255 = paper, 0 = line; traces bool [H, W], coloured border lines; labels uint8 [H, W],
    palette index, also under the lines; parts uint16 [H, W], identity of the part over the whole shot, 0 =
    background; ink uint8 [H, W, 4], the line as drawn, straight-alpha RGBA; colour uint8 [H, W, 3], the paint below
    the ink where it is more than the palette's flat colours, or None.
    """

    lines: np.ndarray
    traces: np.ndarray
    labels: np.ndarray
    parts: np.ndarray
    ink: np.ndarray
    colour: np.ndarray | None = None


@dataclass(frozen=True)
class Sheet:
    """A DrawnFrame without its ink: all that training reads. trace: uint8 [H, W], the coloured lines, or None."""

    lines: np.ndarray
    trace: np.ndarray | None
    labels: np.ndarray
    parts: np.ndarray


def paint(
    shapes: list[Shape], size: tuple[int, int], style: LineStyle, seed: int, shadow_of: np.ndarray | None = None
) -> Sheet:
    """Paint shapes, back to front, onto background 0.

    Points are in frame units: 1 = frame height, origin in the centre. seed: of the pen's restlessness and the specks.
    shadow_of: uint8 [K], the shadow tone of each palette index (itself where it has none); None paints no shadows.
    """
    height, width = size
    index = np.zeros(size, np.uint16)
    canvas = np.full(size, 255, np.uint8)
    if shadow_of is None:
        shapes = [s for s in shapes if s.role != SHADE_IN and s.role != SHADE_OUT]
    trace = np.full(size, 255, np.uint8) if any(s.line == TRACE for s in shapes) else None
    shade = np.zeros(size, np.uint8) if shadow_of is not None else None
    parts, colours = [0], [0]
    if shapes:
        job = _Job(shapes, size, style, seed)
        parent, parent_box = 1, (0, 0, width, height)
        owner, dirty = -1, False  # the last body, and whether its outline has to be drawn (again)
        for k, shape in enumerate(shapes):
            role = shape.role
            if dirty and (role == BODY or role == MARK or role == STROKE):
                job.draw(trace if shapes[owner].line == TRACE else canvas, owner)
                dirty = False
            if role == BODY:
                parent, parent_box, owner = len(parts), job.boxes[k], k
            if not job.visible[k] and role != SHADE_OUT:
                continue
            fixed = job.fixed[job.starts[k] : job.stops[k]]
            if role == BODY or role == MARK:
                number = len(parts)
                parts.append(shape.part)
                colours.append(shape.colour)
                cv2.fillPoly(index, [fixed], number, cv2.LINE_8, SHIFT)
                cv2.fillPoly(canvas, [fixed], 0 if shape.line == SOLID else 255, cv2.LINE_8, SHIFT)
                if trace is not None:
                    cv2.fillPoly(trace, [fixed], 255, cv2.LINE_8, SHIFT)
                if role == BODY:
                    dirty = shape.line != NONE
                    if shade is not None:
                        cv2.fillPoly(shade, [fixed], 0, cv2.LINE_8, SHIFT)
                elif shape.line:
                    job.draw(trace if shape.line == TRACE else canvas, k)
            elif role == STROKE:
                job.draw(trace if shape.line == TRACE else canvas, k)
            else:
                box = _meet(parent_box if role == SHADE_OUT else job.boxes[k], parent_box)
                if box is None:
                    continue
                x0, y0, x1, y1 = box
                inside = index[y0:y1, x0:x1] >= parent
                corner = np.array([x0, y0], np.int32)
                if role != CLIP_STROKE:
                    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
                    cv2.fillPoly(mask, [fixed - corner * ONE], 1, cv2.LINE_8, SHIFT)
                    if role == CLIP:
                        hit = inside & (mask != 0)
                        np.copyto(index[y0:y1, x0:x1], len(parts), where=hit)
                        np.copyto(canvas[y0:y1, x0:x1], 255, where=hit)
                        if trace is not None:
                            np.copyto(trace[y0:y1, x0:x1], 255, where=hit)
                        parts.append(shape.part)
                        colours.append(shape.colour)
                        dirty = shapes[owner].line != NONE
                    else:
                        np.copyto(shade[y0:y1, x0:x1], 1, where=inside & (mask == (role == SHADE_IN)))
                if shape.line:
                    view = (trace if shape.line == TRACE else canvas)[y0:y1, x0:x1]
                    piece = np.full(view.shape, 255, np.uint8)
                    job.draw(piece, k, corner)
                    np.minimum(view, piece, out=view, where=inside)
        if dirty:
            job.draw(trace if shapes[owner].line == TRACE else canvas, owner)
        if trace is not None:  # ink covers a trace
            np.copyto(trace, 255, where=canvas <= trace)
    labels = np.asarray(colours, np.uint8)[index]
    identity = np.asarray(parts, np.uint16)[index]
    if shade is not None:
        dark = shadow_of[labels]
        hit = (shade != 0) & (dark != labels)
        np.copyto(labels, dark, where=hit)
        identity += np.uint16(SHADOW_PART) * hit
        if trace is None:
            trace = np.full(size, 255, np.uint8)
        _border_shadows(trace, canvas, hit, index, max(1, round(style.thickness * style.trace_width * height)))
    lines = canvas if trace is None else np.minimum(canvas, trace)
    if style.machine:
        dark = np.isin(labels, style.dark) if style.dark else None
        lines = pen.machine_lines(lines, dark, style, seed)
    return Sheet(lines, trace, labels, identity)


def _border_shadows(trace, canvas, hit, index, width):
    """Draw the borders of shadows that have lost their line, to a mark painted over it."""
    border = np.zeros(hit.shape, bool)
    border[:, 1:] |= (hit[:, 1:] != hit[:, :-1]) & (index[:, 1:] == index[:, :-1])
    border[1:] |= (hit[1:] != hit[:-1]) & (index[1:] == index[:-1])
    border &= np.minimum(trace, canvas) >= 128
    if border.any():
        pen_mark = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        trace[cv2.dilate(border.astype(np.uint8), pen_mark) > 0] = 0


def _meet(a, b):
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


class _Job:
    """The shapes of one frame in pixels: all points at once, boxes, what is in the picture, the pen's path."""

    def __init__(self, shapes: list[Shape], size: tuple[int, int], style: LineStyle, seed: int):
        height, width = size
        self.shapes, self.style = shapes, style
        counts = np.array([len(s.points) for s in shapes])
        ends = np.cumsum(counts)
        begins = ends - counts
        self.starts, self.stops = begins.tolist(), ends.tolist()
        self.pixels = np.concatenate([s.points for s in shapes]).astype(np.float32, copy=False) * np.float32(height)
        self.pixels += np.array([width / 2 - 0.5, height / 2 - 0.5], np.float32)
        np.clip(self.pixels, -16000, 16000, out=self.pixels)
        self.fixed = np.rint(self.pixels * ONE).astype(np.int32)
        margin = 3 + int(style.thickness * height)
        low = (np.minimum.reduceat(self.fixed, begins) >> SHIFT) - margin
        high = (np.maximum.reduceat(self.fixed, begins) >> SHIFT) + margin + 1
        np.maximum(low, 0, out=low)
        np.minimum(high, (width, height), out=high)
        self.visible = (high > low).all(1).tolist()
        self.boxes = [tuple(b) for b in np.concatenate([low, np.maximum(high, low)], 1).tolist()]
        self.thickness = style.thickness * height
        self.gaps = self.second = None
        if style.restless:
            rng = np.random.default_rng([seed, 3])
            if style.gaps > 0:
                where, chance = rng.random((2, len(shapes)))
                self.gaps = [float(w) if c < style.gaps else None for w, c in zip(where, chance, strict=True)]
            if style.jitter > 0:
                amount = style.jitter * height
                clean = self.pixels
                self.pixels = clean + pen.wobble(len(clean), amount, rng)
                if style.double:
                    self.second = clean + pen.wobble(len(clean), amount, rng)

    def draw(self, sheet: np.ndarray, k: int, corner=None) -> None:
        """Draw the outline of shape k; corner: pixel position of the sheet in the frame."""
        shape = self.shapes[k]
        thickness = self.thickness * (shape.width * self.style.trace_width if shape.line == TRACE else shape.width)
        closed = shape.stroke is None and shape.role not in (STROKE, CLIP_STROKE)
        for pixels in (self.pixels, self.second):
            if pixels is None:
                continue
            points = pixels[self.starts[k] : self.stops[k]]
            if shape.stroke is not None:
                points = points[shape.stroke[0] : shape.stroke[1]]
            if corner is not None:
                points = points - corner
            pen.draw(sheet, points, closed, thickness, self.style, self.gaps[k] if self.gaps else None)


def finish(sheet: Sheet, style: LineStyle, seed: int) -> DrawnFrame:
    """Adds what only the finished drawing needs: the mask of traces and the ink."""
    lines = sheet.lines
    traces = np.zeros(lines.shape, bool) if sheet.trace is None else (sheet.trace < 160) & (lines < 200)
    ink = np.empty((*lines.shape, 4), np.uint8)
    ink[..., :3] = style.ink_colour
    if sheet.trace is not None:
        ink[sheet.trace < 255, :3] = style.trace_colour
    ink[..., 3] = pen.scanned(255 - lines, seed) if style.scan else 255 - lines
    return DrawnFrame(lines, traces, sheet.labels, sheet.parts, ink)
