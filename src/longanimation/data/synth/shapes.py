"""What a figure hands to the painter: shapes, back to front."""

from __future__ import annotations

import numpy as np

# How a shape's border is drawn.
NONE, INK, TRACE, SOLID = 0, 1, 2, 3  # SOLID: an area of ink, black in the drawing itself

# What a shape does.
BODY = 0  # covers what is below; clips and shades refer to the last one
MARK = 1  # painted on top, not clipped
CLIP = 2  # painted only inside the last body
SHADE_OUT = 3  # the part of the last body outside these points is in shadow
SHADE_IN = 4  # the part of the last body inside these points is in shadow
STROKE = 5  # a line only
CLIP_STROKE = 6  # a line only, inside the last body


class Shape:
    """One painted shape. points: float32 [n, 2], sampled; unit and origin are those of whoever draws it.

    stroke: the range of points that the pen follows (open), where it does not go all the way round.
    width: of the pen, relative to the style's.
    """

    __slots__ = ("points", "part", "colour", "line", "role", "stroke", "width")

    def __init__(self, points: np.ndarray, part: int, colour: int, line=INK, role=BODY, stroke=None, width=1.0):
        self.points = points
        self.part = part
        self.colour = colour
        self.line = line
        self.role = role
        self.stroke = stroke
        self.width = width


def stroke(points: np.ndarray, width: float = 1.0, clip: bool = False, line: int = INK) -> Shape:
    """A line without paint."""
    return Shape(points, 0, 0, line, CLIP_STROKE if clip else STROKE, width=width)


def poly(*points) -> np.ndarray:
    """float32 [n, 2] from (x, y) pairs."""
    return np.array(points, np.float32)


def poly3(*points) -> np.ndarray:
    """float32 [n, 3]."""
    return np.array(points, np.float32)
