import cv2
import numpy as np
import pytest
from cel_drawings import paper

from longanimation.cel import segment, segment_sequence

INSIDE, OUTSIDE = (183, 270), (5, 5)


def ball(x, y, *, missing=0, scale=1):
    """A ball without `missing` degrees of its outline, across which a stick lies, so that no bridge closes it."""
    lines = paper(360 * scale, 640 * scale)
    cv2.ellipse(lines, (x * scale, y * scale), (60 * scale,) * 2, 0, missing / 2, 360 - missing / 2, 0, 2 * scale)
    if missing:
        cv2.line(lines, ((x + 20) * scale, y * scale), ((x + 85) * scale, y * scale), 0, 2 * scale)
    return lines


def is_open(regions, scale=1):
    return regions.ids[INSIDE[0] * scale, INSIDE[1] * scale] == regions.ids[OUTSIDE]


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("order", [1, -1])
def test_an_outline_is_closed_where_the_drawing_before_or_after_has_it(scale, order):
    drawings = [ball(300, 180, scale=scale), ball(306, 183, missing=80, scale=scale)][::order]
    drawings.append(drawings[-1])
    now = 1 if order == 1 else 0
    assert is_open(segment(drawings[now]), scale)
    mended, whole = segment_sequence(drawings)[now], segment(ball(306, 183, scale=scale))
    assert not is_open(mended, scale)
    assert (mended.ids == mended.ids[INSIDE[0] * scale, INSIDE[1] * scale]).sum() == pytest.approx(
        (whole.ids == whole.ids[INSIDE[0] * scale, INSIDE[1] * scale]).sum(), rel=0.03
    )


def test_a_line_in_crumbs_is_closed_all_along():
    broken = ball(306, 183, missing=80)
    for angle in np.deg2rad([-20, -10, 10, 20]):
        x, y = int(306 + 60 * np.cos(angle)), int(183 + 60 * np.sin(angle))
        broken[y - 1 : y + 2, x - 1 : x + 2] = 0
    assert is_open(segment(broken))
    assert not is_open(segment_sequence([ball(300, 180), broken])[1])


def test_a_line_is_remembered_through_several_drawings_that_lack_it():
    drawings = [ball(300 + 3 * n, 180, missing=80 if n else 0) for n in range(4)]
    assert [is_open(regions) for regions in map(segment, drawings)] == [False, True, True, True]
    assert not any(is_open(regions) for regions in segment_sequence(drawings))


def test_the_paint_of_a_key_frame_closes_outlines_that_all_drawings_lack():
    drawings = [ball(300, 180, missing=80), ball(306, 183, missing=80)]
    paint = cv2.circle(np.zeros(drawings[0].shape, np.int32), (300, 180), 60, 1, -1)
    assert all(is_open(regions) for regions in segment_sequence(drawings))
    assert not any(is_open(regions) for regions in segment_sequence(drawings, [paint, None]))


def test_a_divided_region_is_counted_and_measured_as_any_other():
    mended = segment_sequence([ball(300, 180), ball(306, 183, missing=80)])[1]
    assert mended.areas.tolist() == np.bincount(mended.ids[mended.inside], minlength=mended.count).tolist()
    assert set(np.unique(mended.ids)) == set(range(mended.count))
    assert mended.ids[OUTSIDE] == 0, "the larger part keeps its number"
    y, x = np.nonzero((mended.ids[:, 1:] != mended.ids[:, :-1]) & mended.inside[:, 1:] & mended.inside[:, :-1])
    assert len(y) and mended.depth[y, x].max() <= 3 * 4, "the border is as near as a line would be"


def test_the_drawings_themselves_stay_as_they_are():
    drawings = [ball(300, 180), ball(306, 183, missing=80)]
    before = [lines.copy() for lines in drawings]
    segment_sequence(drawings)
    assert all(np.array_equal(lines, old) for lines, old in zip(drawings, before, strict=True))


def test_what_moves_too_far_is_another_thing():
    assert is_open(segment_sequence([ball(420, 80), ball(306, 183, missing=80)])[1])


def room(*lines):
    """A room, 160 wide and 80 high, and lines (x, y, x, y)."""
    drawing = paper(360, 640)
    cv2.rectangle(drawing, (180, 200), (340, 280), 0, 1)
    for x0, y0, x1, y1 in lines:
        cv2.line(drawing, (x0, y0), (x1, y1), 0, 1)
    return drawing


def test_a_line_that_ends_nowhere_near_is_no_sign_that_another_one_is_missing():
    wall, stub, blade = (260, 200, 260, 280), (260, 200, 260, 208), (220, 230, 220, 250)
    without, with_stub = (segment_sequence([room(wall, blade), room(*others)])[1] for others in ([blade], [stub]))
    assert np.array_equal(without.ids, segment(room(blade)).ids)
    assert with_stub.count == 3, "a stub of the wall is one"


def test_what_stood_in_front_and_left_is_not_cut_out_of_what_it_hid():
    after = room((260, 200, 260, 208))
    before = after.copy()
    cv2.rectangle(before, (260, 150), (400, 330), 255, -1)
    cv2.rectangle(before, (260, 150), (400, 330), 0, 1)
    assert np.array_equal(segment_sequence([before, after])[1].ids, segment(after).ids)


@pytest.mark.parametrize("drawings", [[], [ball(300, 180, missing=80)]])
def test_drawings_without_a_neighbour_are_cut_alone(drawings):
    for regions, lines in zip(segment_sequence(drawings), drawings, strict=True):
        assert np.array_equal(regions.ids, segment(lines).ids)
