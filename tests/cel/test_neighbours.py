import numpy as np
from cel_drawings import box_with_gap, paper

from longanimation.cel import neighbours, segment


def test_a_border_under_a_line_is_closed_and_a_bridged_gap_is_open():
    touch = neighbours(segment(box_with_gap(4), gap=6))
    assert touch.pairs.tolist() == [[0, 1]]
    assert touch.length[0] > 200 and 2 <= touch.open[0] <= 8


def test_the_strongest_neighbour_has_the_longest_border_unless_another_is_open():
    lines = paper()
    lines[:, 50] = lines[:, 110] = 0
    lines[60, 50:110] = 0
    regions = segment(lines, gap=0)
    touch = neighbours(regions)
    upper, left = regions.ids[30, 80], regions.ids[60, 20]
    assert touch.strongest(regions.count)[left] in (upper, regions.ids[90, 80])
    only = np.zeros(regions.count, bool)
    only[regions.ids[60, 140]] = True
    assert touch.strongest(regions.count, among=only)[upper] == regions.ids[60, 140]
    assert touch.strongest(regions.count, among=only)[left] == -1
