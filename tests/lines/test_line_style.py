"""Drawings told from coloured pictures, and the drawn part of the frame."""

import cv2
import numpy as np
import pytest
from line_pictures import drawing, painted

from longanimation.lines import crop_box, describe, detect_mode, read_lines, study_style


def on_transparency(frame):
    return np.dstack([np.zeros_like(frame), 255 - frame[..., :1]])


DRAWN = {
    "black on white": drawing(),
    "binary": np.where(drawing() < 128, 0, 255).astype(np.uint8),
    "grey on cream": drawing(ink=(90, 85, 80), paper=(235, 228, 210)),
    "blue pencil": drawing(ink=(90, 120, 230)),
    "white on black": drawing(ink=(255, 255, 255), paper=(0, 0, 0)),
    "on transparency": on_transparency(drawing()),
    "empty": np.full((120, 160, 3), 255, np.uint8),
    "black fills": cv2.rectangle(drawing(), (46, 51), (74, 69), (0, 0, 0), -1),
}
figure = np.full((240, 320, 3), 255, np.uint8)
figure[40:200, 60:260] = painted()[0]
PAINTED = {
    "with ink": painted()[0],
    "without ink": painted(ink=False)[0],
    "small on white": figure,
    "at night": (painted()[0] * 0.25).astype(np.uint8),
    "on transparency": np.dstack([painted()[0], (painted()[1] > 0).astype(np.uint8) * 255]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_drawings_are_recognised(name):
    assert detect_mode([DRAWN[name]]) == "drawn"


@pytest.mark.parametrize("name", PAINTED)
def test_painted_frames_are_recognised(name):
    assert detect_mode([PAINTED[name]]) == "extract"


def test_empty_frames_do_not_outvote_the_painted_ones():
    assert detect_mode([np.full((160, 200, 3), 255, np.uint8), painted()[0]]) == "extract"


@pytest.mark.parametrize(
    "name, words", [("grey on cream", "levelled"), ("white on black", "inverted"), ("on transparency", "transparency")]
)
def test_the_sentence_for_the_log_says_what_is_done(name, words):
    sentence = describe(study_style([DRAWN[name]]))
    assert words in sentence and "\n" not in sentence
    assert "extracted" in describe(study_style([painted()[0]]))


def test_traces_are_named_in_the_sentence():
    frame = cv2.line(drawing(), (20, 112), (140, 112), (255, 0, 0), 2)
    assert "red" in describe(study_style([frame]))


def test_the_box_holds_the_lines_of_all_frames_with_a_margin():
    left, right = np.full((200, 300), 255, np.uint8), np.full((200, 300), 255, np.uint8)
    left[60:70, 40:50] = 0
    right[120:130, 200:220] = 0
    y0, x0, y1, x1 = crop_box([left, right])
    assert 40 <= y0 < 60 and 20 <= x0 < 40 and 130 < y1 <= 150 and 220 < x1 <= 240
    assert crop_box([read_lines(drawing(), "drawn")])[0] < 20
    assert crop_box([np.full((20, 30), 255, np.uint8)]) == (0, 0, 20, 30)
