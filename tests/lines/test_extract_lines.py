"""Lines from coloured frames."""

import cv2
import numpy as np
import pytest
from line_pictures import PAINTS, painted

from longanimation.lines import extract_lines


def purity(lines, areas):
    """Share of line-free pixels whose line-free surroundings belong to one area: 1 if every area is closed."""
    count, labels = cv2.connectedComponents((lines > 128).astype(np.uint8), connectivity=4)
    inner = cv2.erode(np.where(lines > 128, 1, 0).astype(np.uint8), np.ones((3, 3))) > 0
    votes = np.zeros((count, areas.max() + 1))
    np.add.at(votes, (labels[inner], areas[inner]), 1)
    return votes.max(axis=1).sum() / votes.sum()


@pytest.mark.parametrize("ink", [True, False])
def test_areas_of_different_colour_are_closed_by_lines(ink):
    frame, areas = painted(ink=ink)
    assert purity(extract_lines(frame), areas) > 0.995


def test_lines_are_thin_and_dark_on_plain_white():
    lines = extract_lines(painted()[0])
    assert lines.dtype == np.uint8 and lines.min() == 0 and (lines == 255).mean() > 0.8
    assert cv2.erode((lines < 128).astype(np.uint8), np.ones((4, 4))).sum() < 10


def test_a_dark_fill_leaves_only_its_outline():
    frame = np.full((120, 160, 3), PAINTS[1], np.uint8)
    cv2.ellipse(frame, (80, 60), (50, 35), 0, 0, 360, PAINTS[0].tolist(), -1)
    lines = extract_lines(frame)
    assert lines[35:85, 50:110].min() == 255
    assert (lines[60, 25:35] < 60).any() and (lines[60, 125:135] < 60).any()


@pytest.mark.parametrize("half", [1, 3])
def test_a_thin_or_thick_ink_line_gives_one_line_in_its_middle(half):
    frame = np.full((80, 120, 3), PAINTS[1], np.uint8)
    frame[40 - half : 41 + half] = (20, 12, 12)
    dark = np.flatnonzero(extract_lines(frame)[:, 60] < 128)
    assert 1 <= len(dark) <= 2 and abs(dark.mean() - 40) <= 1


def test_a_painted_band_has_two_borders():
    frame = np.full((80, 120, 3), PAINTS[1], np.uint8)
    frame[37:44] = PAINTS[2]
    dark = np.flatnonzero(extract_lines(frame)[:, 60] < 128)
    assert dark.min() < 39 and dark.max() > 41 and not (dark == 40).any()


def test_an_open_stroke_inside_an_area_is_kept():
    frame = np.full((80, 120, 3), PAINTS[4], np.uint8)
    cv2.line(frame, (30, 20), (90, 60), (40, 60, 30), 2, cv2.LINE_AA)
    lines = extract_lines(frame)
    assert (lines < 128).sum() > 50
    assert (lines[:, :24] == 255).all() and (lines[:, 96:] == 255).all()


def test_noise_and_slow_shading_give_no_lines():
    shade = np.linspace(90, 170, 160)[None, :, None] * np.ones((120, 1, 3))
    noisy = shade + np.random.default_rng(0).normal(0, 2, shade.shape)
    assert (extract_lines(noisy.astype(np.uint8)) == 255).all()


def test_lines_hold_still_under_noise():
    first, second = (extract_lines(painted(seed=seed)[0]) < 128 for seed in (1, 2))
    near = cv2.dilate(second.astype(np.uint8), np.ones((3, 3))) > 0
    assert (first & near).sum() > 0.97 * first.sum()


def test_transparent_frames_one_colour_and_tiny_ones_work():
    frame, areas = painted()
    see_through = np.dstack([frame, (areas > 0).astype(np.uint8) * 255])
    assert purity(extract_lines(see_through), areas) > 0.99
    assert (extract_lines(np.full((40, 40, 3), 128, np.uint8)) == 255).all()
    assert extract_lines(np.zeros((3, 5, 3), np.uint8)).shape == (3, 5)
    assert extract_lines(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).shape == (64, 64)
