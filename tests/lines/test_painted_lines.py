"""The ink of a painted picture, as thick as it is drawn."""

import cv2
import numpy as np
import pytest
from line_pictures import PAINTS

from longanimation.cel import segment
from longanimation.lines import extract_lines, read_lines
from longanimation.lines.painted import find_ink, painted_lines

INK = (46, 40, 20)
PAPER = (170, 200, 240)


def figure(thickness: int, ink=INK) -> tuple[np.ndarray, np.ndarray]:
    """A painted figure uint8 [H, W, 3], and its ink alone on white uint8 [H, W]."""
    frame = np.full((240, 320, 3), PAPER, np.uint8)
    lines = np.full((240, 320), 255, np.uint8)
    cv2.circle(frame, (120, 120), 80, PAINTS[1].tolist(), -1)
    cv2.rectangle(frame, (90, 130), (150, 170), PAINTS[2].tolist(), -1)
    cv2.rectangle(frame, (230, 60), (290, 200), PAINTS[3].tolist(), -1)
    for canvas, color in ((frame, ink), (lines, 0)):
        cv2.circle(canvas, (120, 120), 80, color, thickness, cv2.LINE_AA)
        cv2.rectangle(canvas, (90, 130), (150, 170), color, thickness, cv2.LINE_AA)
        cv2.rectangle(canvas, (230, 60), (290, 200), color, thickness, cv2.LINE_AA)
    return frame, lines


@pytest.mark.parametrize("thickness", [2, 4, 7])
def test_lines_are_as_thick_as_drawn(thickness):
    frame, lines = figure(thickness)
    found = painted_lines(frame)
    assert ((found < 128) == (lines < 128)).mean() > 0.99
    assert segment(found).count == segment(lines).count == 4


def test_extraction_makes_regions_of_thick_ink_and_painted_lines_do_not():
    frame, lines = figure(4)
    assert segment(extract_lines(frame)).count > segment(lines).count == segment(painted_lines(frame)).count


def test_the_ink_is_found_by_its_colour():
    ink = find_ink(figure(4)[0])
    assert np.abs(ink.color - INK).max() <= 2 and ink.spread < 12


def test_a_fill_in_the_colour_of_the_ink_keeps_its_inside():
    frame, _ = figure(3)
    cv2.ellipse(frame, (260, 130), (15, 30), 0, 0, 360, INK, -1)
    found = painted_lines(frame)
    assert (found[112:148, 253:267] == 255).all()
    assert segment(found).count == 5


def test_borders_without_ink_stay():
    frame, _ = figure(3)
    frame[131:170, 120:149][frame[131:170, 120:149, 0] == PAINTS[2][0]] = (120, 30, 25)  # shade, without a line
    found = painted_lines(frame)
    assert segment(found).count == 5
    assert (found[140:160, 117:123] < 128).any(1).mean() > 0.9


def test_coloured_traces_are_lines_and_narrow_painted_parts_are_not():
    frame, _ = figure(3)
    cv2.ellipse(frame, (120, 90), (50, 20), 0, 0, 360, (230, 0, 0), 2)
    found = painted_lines(frame)
    assert segment(found).count == 5
    strip, _ = figure(3)
    cv2.rectangle(strip, (236, 100), (284, 103), (230, 0, 0), -1)
    cv2.rectangle(strip, (233, 98), (287, 105), INK, 2)
    assert (painted_lines(strip)[101:103, 240:280] == 255).mean() > 0.9


@pytest.mark.parametrize("paint", [(59, 66, 60), (136, 103, 29)])  # dark as ink, strong as a trace
@pytest.mark.parametrize("pen", [1.3, 2.0])
def test_narrow_parts_between_thin_lines_are_paint(paint, pen):
    ink, scale, width = (9, 13, 50), 8, 6.4
    frame = np.full((200 * scale, 320 * scale, 3), 255, np.uint8)
    for left in (20.3, 120.6, 220.1):  # window frames
        for inset, color in ((0, paint), (width, PAINTS[3].tolist())):
            corners = [(left + inset, 30 + inset), (left + 80 - inset, 160 - inset)]
            first, second = ([round(value * scale) for value in corner] for corner in corners)
            cv2.rectangle(frame, first, second, color, -1)
            cv2.rectangle(frame, first, second, ink, round(pen * scale))
    frame = cv2.resize(frame, (320, 200), interpolation=cv2.INTER_AREA)
    assert np.abs(find_ink(frame).color - ink).max() <= 2
    found = painted_lines(frame)
    assert (found[(frame == paint).all(-1)] == 255).mean() > 0.95
    assert segment(found).count == 7


def test_a_picture_without_a_common_ink_is_extracted():
    rng = np.random.default_rng(0)
    frame = np.full((240, 320, 3), PAPER, np.uint8)
    for _ in range(25):
        start, end = rng.integers(0, 240, (2, 2)).tolist()
        cv2.line(frame, start, end, rng.integers(0, 140, 3).tolist(), 2, cv2.LINE_AA)
    assert find_ink(frame) is None
    assert np.array_equal(painted_lines(frame), extract_lines(frame))
    plain = np.full((64, 64, 3), PAPER, np.uint8)
    assert (painted_lines(plain) == 255).all()


def test_reading_a_painted_picture():
    frame, lines = figure(5)
    drawing = read_lines(frame, "painted")
    assert drawing.extracted and np.array_equal(drawing.lines, painted_lines(frame))
    assert np.array_equal(drawing.ink[..., 3], 255 - drawing.lines)
