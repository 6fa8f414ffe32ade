"""Drawings of every kind, read into one form."""

import cv2
import numpy as np
import pytest
from line_pictures import drawing, laid_on_white, painted

from longanimation.errors import InputError
from longanimation.lines import describe, read_lines, study_style

CLEAN = read_lines(drawing(), "drawn").lines


def agreement(lines, other=CLEAN):
    """Share of line pixels (darker than half) that both drawings have, within one pixel."""
    near = [cv2.dilate((part < 128).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for part in (lines, other)]
    a, b = lines < 128, other < 128
    return min((a & near[1]).sum() / max(1, a.sum()), (b & near[0]).sum() / max(1, b.sum()))


def test_a_black_drawing_on_white_stays_as_it_is():
    frame = drawing()
    read = read_lines(frame, "drawn")
    assert read.lines.dtype == np.uint8 and read.lines.shape == frame.shape[:2]
    assert np.abs(read.lines.astype(int) - frame[..., 0]).mean() < 3
    assert (read.lines == 255).mean() > 0.8 and read.lines.min() == 0
    assert not read.traces.any()


@pytest.mark.parametrize("ink", [(0, 0, 0), (110, 110, 110), (200, 30, 30), (150, 190, 255)])
def test_grey_and_weak_coloured_lines_become_as_dark_as_black_ones(ink):
    lines = read_lines(drawing(ink=ink), "drawn").lines
    assert agreement(lines) > 0.98
    assert np.percentile(lines[CLEAN == 0], 90) < 70


def test_uneven_grainy_scan_paper_becomes_white():
    frame = drawing(ink=(70, 65, 60), paper=(228, 222, 205)).astype(float)
    frame *= np.linspace(0.85, 1.05, frame.shape[1])[None, :, None]
    frame += np.random.default_rng(0).normal(0, 2, frame.shape)
    frame = np.clip(frame, 0, 255).astype(np.uint8)
    read = read_lines(frame, "drawn")
    assert agreement(read.lines) > 0.97
    assert (read.lines[cv2.erode(CLEAN, np.ones((7, 7))) == 255] == 255).mean() > 0.999
    paper = laid_on_white(read.ink)[cv2.erode(CLEAN, np.ones((7, 7))) == 255]
    assert paper.mean() > 252


def test_white_on_black_is_inverted_and_its_coloured_lines_stay_coloured():
    frame = drawing(ink=(255, 255, 255), paper=(0, 0, 0))
    cv2.line(frame, (10, 110), (150, 110), (255, 0, 0), 2)
    read = read_lines(frame, "drawn")
    assert agreement(read.lines[:100], CLEAN[:100]) > 0.98
    assert read.ink[110, 80].tolist() == [255, 0, 0, 255] and read.traces[110, 80]
    assert read.ink[20, 60, :3].max() == 0 and read.ink[20, 60, 3] > 200


def test_lines_on_transparency_keep_their_own_pixels_as_ink():
    frame = np.zeros((120, 160, 4), np.uint8)
    frame[..., :3] = 255
    cv2.circle(frame, (60, 60), 40, (0, 0, 0, 255), 2)
    cv2.line(frame, (100, 30), (150, 100), (255, 0, 0, 140), 1)
    read = read_lines(frame, "drawn")
    assert np.array_equal(read.ink, frame)
    assert read.lines[60, 20] == 0 and read.lines[65, 125] < 60 and read.lines[0, 0] == 255
    assert read.traces[65, 125] and not read.traces[60, 20]


def test_white_lines_on_transparency_are_lines():
    frame = np.zeros((120, 160, 4), np.uint8)
    cv2.circle(frame, (60, 60), 40, (255, 255, 255, 255), 2)
    read = read_lines(frame, "drawn")
    assert read.lines[60, 20] == 0 and read.lines[60, 60] == 255 and np.array_equal(read.ink, frame)


def test_white_paint_inside_a_transparent_drawing_is_not_ink():
    frame = np.zeros((120, 160, 4), np.uint8)
    cv2.circle(frame, (60, 60), 40, (255, 255, 255, 255), -1)
    cv2.circle(frame, (60, 60), 40, (0, 0, 0, 255), 2)
    read = read_lines(frame, "drawn")
    assert read.ink[60, 60, 3] == 0 and read.ink[60, 20, 3] == 255 and read.lines[60, 60] == 255


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (0, 160, 0), (120, 200, 255)])
def test_coloured_traces_are_told_from_black_lines_and_keep_their_colour(colour):
    frame = drawing()
    cv2.line(frame, (20, 112), (140, 112), colour, 2)
    read = read_lines(frame, "drawn")
    assert read.traces[112, 30:130].all() and read.lines[112, 30:130].max() < 60
    assert not read.traces[:105].any()
    assert np.abs(laid_on_white(read.ink)[112, 80] - colour).max() <= 1


def test_colour_fringes_of_a_scanned_black_line_are_no_traces():
    frame = drawing()
    half_a_pixel = np.array([[1, 0, 0.5], [0, 1, 0]])
    frame[..., 0] = cv2.warpAffine(frame[..., 0], half_a_pixel, (160, 120), borderValue=255)
    assert read_lines(frame, "drawn").traces.mean() < 0.002


@pytest.mark.parametrize("colours", [1, 2])
def test_a_drawing_all_in_blue_pencil_has_no_traces_but_red_ones(colours):
    frame = drawing(ink=(60, 90, 220))
    if colours == 2:
        cv2.line(frame, (20, 112), (140, 112), (230, 30, 30), 2)
    style = study_style([frame], "drawn")
    assert style.main_hue is not None and "blue" in describe(style)
    traces = read_lines(frame, style).traces
    assert not traces[:105].any() and traces[112, 30:130].all() == (colours == 2)


@pytest.mark.parametrize("ink", [(0, 0, 0), (200, 30, 30), (90, 120, 200)])
def test_ink_laid_on_white_gives_the_drawing_back(ink):
    frame = drawing(ink=ink)
    frame = np.clip(frame + np.random.default_rng(0).integers(-3, 4, frame.shape), 0, 255).astype(np.uint8)
    read = read_lines(frame, study_style([frame], "drawn"))
    assert np.abs(laid_on_white(read.ink) - frame).max() <= 1


def test_specks_go_but_bits_of_a_broken_line_stay():
    frame = drawing()
    frame[110:112, 20:22] = 0
    frame[10, 10] = 0
    frame[5:7, 60:90] = 0
    frame[5:7, 93:95] = 0
    lines = read_lines(frame, "drawn").lines
    assert lines[105:, :40].min() == 255 and lines[:15, :15].min() == 255
    assert (lines[5, 60:140] < 128).sum() == 32


def test_a_faint_trace_reaches_the_black_line_it_ends_at():
    frame = drawing()
    cv2.line(frame, (60, 72), (60, 98), (190, 160, 255), 1)
    assert read_lines(frame, "drawn").lines[74:97, 60].max() < 128


def test_a_pale_toned_area_becomes_its_outline_and_a_black_fill_stays():
    frame = np.full((160, 200, 3), 255, np.uint8)
    cv2.rectangle(frame, (20, 20), (80, 80), (200, 215, 255), -1)
    cv2.rectangle(frame, (120, 20), (180, 80), (0, 0, 0), -1)
    lines = read_lines(frame, "drawn").lines
    assert lines[50, 50] == 255 and lines[50, 20] < 60 and lines[50, 150] == 0


def test_a_frame_without_alpha_in_a_transparent_shot_is_read_as_on_white():
    clear = np.zeros((120, 160, 4), np.uint8)
    read = read_lines(drawing(), study_style([clear], "drawn"))
    assert agreement(read.lines) == 1 and np.abs(laid_on_white(read.ink) - drawing()).max() <= 1


def test_an_empty_frame_has_no_lines():
    for frame in (np.full((60, 80, 3), 255, np.uint8), np.zeros((60, 80, 4), np.uint8)):
        read = read_lines(frame, "drawn")
        assert read.lines.min() == 255 and not read.traces.any() and not read.ink[..., 3].any()


def test_extraction_gives_black_ink_over_the_extracted_lines():
    read = read_lines(painted()[0], "extract")
    assert np.array_equal(read.ink[..., 3], 255 - read.lines) and not read.ink[..., :3].any()
    assert not read.traces.any() and read.lines.min() == 0


def test_an_unknown_kind_of_lines_is_refused():
    for ask in (lambda: study_style([drawing()], "pencil"), lambda: read_lines(drawing(), "pencil")):
        with pytest.raises(InputError, match="pencil"):
            ask()
