"""Tiny drawings for the tests of the cel finish."""

import cv2
import numpy as np


def paper(height=120, width=160):
    return np.full((height, width), 255, np.uint8)


def box_with_gap(gap, *, thickness=1, height=120, width=160):
    """A square room, 60 pixels wide, whose right wall has `gap` free pixels."""
    lines = paper(height, width)
    cv2.rectangle(lines, (40, 30), (100, 90), 0, thickness)
    lines[60 : 60 + gap, 95:106] = 255
    return lines


def same_region(region_map, first, second):
    return region_map.ids[first] == region_map.ids[second]
