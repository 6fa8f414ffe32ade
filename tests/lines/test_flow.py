import cv2
import numpy as np

from longanimation.lines.flow import Carried, LineFlow, flow_picture, warp

SIZE = (90, 160)


def drawing(x):
    """A ball and a box at x: lines, colours."""
    lines = np.full(SIZE, 255, np.uint8)
    colors = np.full((*SIZE, 3), 200, np.uint8)
    cv2.circle(colors, (x, 40), 18, (220, 40, 30), -1)
    cv2.circle(lines, (x, 40), 18, 0, 1)
    cv2.rectangle(colors, (x - 10, 62), (x + 14, 80), (30, 60, 210), -1)
    cv2.rectangle(lines, (x - 10, 62), (x + 14, 80), 0, 1)
    return lines, colors


def off(one, other):
    return np.abs(one.astype(int) - other).mean()


def test_flow_finds_where_a_drawing_came_from():
    before, now = flow_picture(drawing(60)[0]), flow_picture(drawing(66)[0])
    flow = LineFlow()(now, before)
    assert abs(np.median(flow[30:50, 55:77, 0]) + 6) < 1
    moved = warp(drawing(60)[1], flow, smooth=True)
    assert off(moved, drawing(66)[1]) < 0.4 * off(drawing(60)[1], drawing(66)[1])


def test_carried_colours_halve_the_noise_of_the_others():
    carried = Carried()
    carried.start(*drawing(60))
    rng = np.random.default_rng(0)
    for x in range(63, 80, 3):
        lines, truth = drawing(x)
        noisy = np.clip(truth + rng.normal(0, 25, truth.shape), 0, 255).astype(np.uint8)
        mixed = carried.blend(lines, noisy)
        assert off(mixed, truth) < 0.7 * off(noisy, truth)


def test_after_a_cut_the_old_picture_does_not_shine_through():
    lines, colors = drawing(60)
    carried = Carried()
    carried.start(lines, colors)
    new = np.full(SIZE, 255, np.uint8)
    for x in range(6, 160, 12):
        cv2.line(new, (x, 0), (159 - x, 89), 0, 1)
    other = np.full((*SIZE, 3), 60, np.uint8)
    plain = 0.9 * off(colors, other)
    assert off(carried.blend(new, other), other) < 0.5 * plain


def test_the_first_colours_come_back_as_they_are():
    lines, colors = drawing(60)
    np.testing.assert_array_equal(Carried().blend(lines, colors), colors)


def test_what_was_painted_where_nothing_is_found_stays_for_a_hundred_frames():
    found = np.full((90, 160, 3), 255, np.uint8)
    left = {}
    for said in (True, False):
        carried = Carried()
        lines, _ = drawing(40)
        ground = np.full((90, 160, 3), (60, 90, 160), np.uint8)
        carried.start(lines, ground, np.full((90, 160), 250, np.uint8))
        unknown = np.ones((90, 160), np.float32) if said else None
        for step in range(100):
            result = carried.blend(drawing(40 + step % 60)[0], found, unknown)
        left[said] = np.abs(result.astype(float) - ground).mean()
    assert left[True] < 8 < left[False]


def test_what_a_figure_leaves_behind_gives_way_to_the_ground():
    size = (90, 160)
    blank, red = np.full(size, 255, np.uint8), np.full((*size, 3), (200, 30, 30), np.uint8)
    white, nothing, ground = np.full_like(red, 255), np.zeros(size, np.float32), np.ones(size, np.float32)
    for painted in (False, True):
        carried = Carried()
        was_ground = nothing.copy()
        was_ground[:, 80:] = 1
        before = red.copy()
        before[:, 80:] = (40, 40, 200)
        carried.start(blank, before, np.full(size, 253, np.uint8) if painted else None, was_ground)
        for _ in range(25):
            after = carried.blend(blank, white, ground)
        left, right = after[45, 66].astype(int), after[45, 120].astype(int)
        if painted:  # the painted ground beside it goes on
            assert left[2] > 120 and left[0] < 120
        else:
            assert left.min() > 190
        assert np.abs(right - (40, 40, 200)).max() < (4 if painted else 30)
    for _ in range(25):
        kept = carried.blend(blank, white, nothing)
    assert np.abs(kept.astype(int) - after).max() < 40, "only ground gives way"
