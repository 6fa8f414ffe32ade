import numpy as np
import pytest

from longanimation.cel import segment
from longanimation.errors import InputError
from longanimation.evaluation.baselines import PaintedDrawing, copy_reference, majority, propagate
from longanimation.evaluation.regions import off_line


def drawing(shift):
    """A box of two halves (labels 1 and 2) that has moved `shift` pixels to the right, with lines 2 pixels wide."""
    labels = np.zeros((64, 112), np.uint8)
    left = 16 + shift
    labels[16:48, left : left + 24] = 1
    labels[16:48, left + 24 : left + 48] = 2
    lines = np.full(labels.shape, 255, np.uint8)
    for x in (left, left + 24, left + 48):
        lines[16:50, x : x + 2] = 0
    lines[[16, 17, 48, 49], left : left + 50] = 0
    return lines, labels


def right_share(results, shifts):
    shares = []
    for values, shift in zip(results, shifts, strict=True):
        lines, labels = drawing(shift)
        shares.append((values == labels)[off_line(lines)].mean())
    return shares


SHIFTS = [0, 1, 2, 4, 6, 8]


def shot():
    return [drawing(shift)[0] for shift in SHIFTS]


def key(frame, shift=None):
    lines, labels = drawing(SHIFTS[frame] if shift is None else shift)
    return PaintedDrawing(lines, labels, frame)


def test_copying_the_reference_is_right_only_where_nothing_has_moved():
    shares = right_share(copy_reference(6, [key(0)], (64, 112)), SHIFTS)
    assert shares[0] == 1
    assert shares[5] < shares[1] < 1


@pytest.mark.parametrize("sequential", [False, True])
def test_flow_follows_the_drawing_and_the_region_vote_cleans_it(sequential):
    copied = right_share(copy_reference(6, [key(0)], (64, 112)), SHIFTS)
    flowed = right_share(propagate(shot(), [key(0)], sequential=sequential), SHIFTS)
    voted = right_share(propagate(shot(), [key(0)], vote=True, sequential=sequential), SHIFTS)
    assert flowed[5] > copied[5]
    assert min(voted) == 1


def test_paint_travels_backwards_from_a_key_frame_at_the_end():
    assert min(right_share(propagate(shot(), [key(5)], vote=True), SHIFTS)) == 1


def test_each_frame_is_painted_from_its_nearest_key_frame():
    late = PaintedDrawing(drawing(8)[0], drawing(8)[1] + 4, 5)
    paints = [values.max() for values in propagate(shot(), [key(0), late], vote=True)]
    assert paints == [2, 2, 2, 6, 6, 6]


def test_a_character_sheet_of_another_size_stands_before_the_first_frame():
    lines, labels = drawing(0)
    sheet = PaintedDrawing(lines.repeat(2, 0).repeat(2, 1), labels.repeat(2, 0).repeat(2, 1), None)
    assert min(right_share(propagate(shot(), [sheet], vote=True), SHIFTS)) == 1


def test_colours_are_carried_as_well_as_labels_but_cannot_vote():
    lines, labels = drawing(0)
    painted = PaintedDrawing(lines, np.array([(255, 255, 255), (200, 0, 0), (0, 0, 200)], np.uint8)[labels], 0)
    frames = list(propagate(shot(), [painted]))
    assert frames[3].shape == (64, 112, 3)
    assert frames[3][32, 32].tolist() == [200, 0, 0]
    with pytest.raises(InputError, match="palette labels"):
        list(propagate(shot(), [painted], vote=True))


def test_the_majority_of_the_pixels_off_the_line_decides_a_region():
    lines, labels = drawing(0)
    noisy = labels.copy()
    noisy[20:26, 18:40] = 0
    noisy[lines < 128] = 2
    regions = segment(lines)
    assert np.array_equal(majority(noisy, regions)[off_line(lines)], labels[off_line(lines)])


def test_no_reference_is_an_error():
    with pytest.raises(InputError, match="at least one"):
        list(copy_reference(3, [], (64, 112)))
