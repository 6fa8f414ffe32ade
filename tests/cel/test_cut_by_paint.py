import numpy as np
import pytest
from cel_drawings import box_with_gap, paper, same_region

from longanimation.cel import cut_by_paint, main_labels, segment

INSIDE, OUTSIDE = (50, 60), (10, 10)
BOX = np.s_[31:90, 41:100]


def painted(value=1):
    labels = np.zeros((120, 160), np.int64)
    labels[BOX] = value
    return labels


def test_paint_divides_what_an_open_outline_joins():
    regions, labels = segment(box_with_gap(40)), painted()
    assert same_region(regions, INSIDE, OUTSIDE)
    cut = cut_by_paint(regions, labels)
    assert cut.count == 2 and cut.ids[OUTSIDE] == 0 and cut.ids[INSIDE] == 1
    assert (cut.ids[BOX] == 1).all() and (cut.ids == 1).sum() == 59 * 59
    assert cut.areas.tolist() == np.bincount(cut.ids[cut.inside]).tolist()
    assert main_labels(cut, labels).tolist() == [0, 1]


def test_every_colour_in_a_region_has_a_region_and_the_largest_keeps_its_number():
    labels = painted()
    labels[31:60, 41:70], labels[70:85, 70:95], labels[5:20, 110:150] = 2, 3, 1
    cut = cut_by_paint(segment(box_with_gap(40)), labels)
    assert cut.count == 5, "the second patch of a label is another region"
    assert main_labels(cut, labels)[0] == 0 and sorted(main_labels(cut, labels)[1:]) == [1, 1, 2, 3]


@pytest.mark.parametrize("height", [120, 480])
def test_every_number_stands_for_pixels_off_the_lines(height):
    rng, lines = np.random.default_rng(0), paper(height, height)
    lines[:, ::24] = 0
    labels = rng.integers(0, 3, (height // 6, height // 6)).repeat(6, 0).repeat(6, 1)
    cut = cut_by_paint(segment(lines), labels)
    assert cut.count > segment(lines).count
    np.testing.assert_array_equal(cut.areas, np.bincount(cut.ids[cut.inside], minlength=cut.ids.max() + 1))
    assert cut.areas.min() > 0


def test_specks_and_thin_stripes_divide_nothing():
    regions, labels = segment(box_with_gap(0)), painted()
    labels[10:12, 10:12] = labels[100:102, :] = 1
    labels[60, 41:100] = 0
    assert cut_by_paint(regions, labels) is regions


def test_the_ink_of_a_thick_line_is_no_patch():
    lines = paper()
    lines[40:48, 20:120] = 0
    labels = np.where(lines == 0, 2, 0)
    assert segment(lines).count == 1
    assert cut_by_paint(segment(lines), labels).count == 1


def test_a_region_is_what_is_painted_in_its_middle_not_along_its_lines():
    lines = paper()
    lines[40:47, 40:47] = 0
    lines[41:46, 41:46] = 255
    labels = np.zeros(lines.shape, np.int64)
    labels[40:47, 40:47] = 1
    labels[42:45, 42:45] = 2
    regions = segment(lines)
    assert regions.areas[regions.ids[43, 43]] == 25
    assert main_labels(regions, labels)[regions.ids[43, 43]] == 2
