import cv2
import numpy as np
import pytest
from cel_drawings import box_with_gap, paper, same_region

from longanimation.cel import segment
from longanimation.cel.bridges import bridge
from longanimation.cel.line_ends import line_ends
from longanimation.errors import InputError

INSIDE, OUTSIDE = (60, 70), (60, 140)


def test_every_pixel_belongs_to_a_numbered_region_and_areas_count_the_pixels_off_the_lines():
    lines = box_with_gap(0)
    regions = segment(lines)
    assert regions.ids.dtype == np.int32 and regions.ids.shape == lines.shape
    assert set(np.unique(regions.ids)) == set(range(regions.count)) == {0, 1}
    assert regions.areas.tolist() == np.bincount(regions.ids[regions.inside]).tolist()
    assert np.array_equal(regions.inside, lines == 255)


@pytest.mark.parametrize("gap", [1, 2, 4, 6, 8])
@pytest.mark.parametrize("thickness", [1, 3])
def test_gaps_are_bridged_up_to_the_given_width(gap, thickness):
    for width in range(1, gap + 1):
        assert not same_region(segment(box_with_gap(width, thickness=thickness), gap=gap), INSIDE, OUTSIDE)


@pytest.mark.parametrize("gap", [0, 1, 2, 4, 6, 8])
def test_wider_gaps_stay_open(gap):
    assert same_region(segment(box_with_gap(gap + 2), gap=gap), INSIDE, OUTSIDE)


def test_without_a_given_width_small_gaps_are_bridged_and_wider_ones_where_lines_lie_in_crumbs():
    assert not same_region(segment(box_with_gap(5, height=480, width=640)), INSIDE, (300, 500))
    lines = paper(480, 640)
    lines[300] = 0
    lines[:260, 320] = 0  # stops 40 pixels short of the floor
    left, right = (200, 100), (200, 600)
    assert same_region(segment(lines), left, right)
    lines[20:280:10, 400:600:50] = 0
    assert not same_region(segment(lines), left, (203, 605))


def test_without_a_given_width_wide_gaps_are_bridged_where_two_ends_point_at_each_other():
    lines = paper(480, 640)
    lines[:, 320] = 0
    lines[200:300, 320] = 255
    left, right = (250, 100), (250, 600)
    assert not same_region(segment(lines), left, right)
    assert same_region(segment(lines, gap=6), left, right)
    lines[250, 300:340] = 0  # a line between the ends, which they would cross
    assert same_region(segment(lines), left, right)
    lines[250, 300:340] = 255
    lines[300:] = 255
    assert same_region(segment(lines), left, right), "an end without a partner"


def test_without_a_given_width_an_end_reaches_a_line_several_gaps_ahead():
    lines = paper(480, 640)
    lines[300] = 0
    lines[:275, 320] = 0  # stops 25 pixels short of the floor
    left, right = (200, 100), (200, 600)
    assert not same_region(segment(lines), left, right)
    assert same_region(segment(lines, gap=6), left, right)


def test_a_short_dash_in_a_wide_gap_carries_the_line_on():
    lines = paper(480, 640)
    lines[:, 320] = 0
    lines[200:260, 320] = 255
    lines[227:233, 320] = 0
    assert not same_region(segment(lines), (215, 100), (215, 600))


def test_only_an_end_that_a_line_leads_to_reaches_far_ahead_and_no_burr():
    line = np.zeros((100, 200), np.uint8)
    line[[20, 48]] = 1
    line[20:26, 50] = 1  # a burr
    line[20:40, 150] = 1
    found = bridge(line, *line_ends(line, 5), 5, far=True)
    assert found[:, 140:160].any() and not found[:, :100].any()


def test_a_dash_has_two_ends_and_a_speck_has_none():
    line = np.zeros((60, 80), np.uint8)
    line[20, 30:36] = 1
    line[40:42, 50:52] = 1
    ends, outward = line_ends(line, 5)
    assert sorted(ends.tolist()) == [[20, 30], [20, 35]]
    assert sorted(np.round(outward).tolist()) == [[0, -1], [0, 1]]


def test_grain_is_no_line_and_dashes_are():
    lines = paper(360, 640)
    cv2.rectangle(lines, (40, 40), (300, 300), 0, 1)
    clean = segment(lines)
    grain = np.random.default_rng(0).random((160, 160)) < 0.3
    lines[80:240, 80:240][grain] = 0
    grainy = segment(lines)
    assert (grainy.areas > 30).sum() == clean.count == 2
    lines[300, 40:300] = np.where(np.arange(260) % 10 < 6, 0, 255)
    assert not same_region(segment(lines), (60, 60), (60, 600))


def test_a_negative_gap_is_refused():
    with pytest.raises(InputError, match="gap"):
        segment(paper(), gap=-1)


def test_a_small_ring_with_a_gap_is_closed_though_no_ball_fits_inside():
    lines = paper()
    cv2.circle(lines, (80, 60), 6, 0, 1)
    lines[58:63, 84:90] = 255
    assert not same_region(segment(lines, gap=6), (60, 80), (60, 120))


def test_a_line_that_stops_short_of_another_closes_the_corner():
    lines = paper()
    lines[60] = 0
    lines[:56, 80] = 0
    assert not same_region(segment(lines, gap=4), (30, 40), (30, 120))
    assert same_region(segment(lines, gap=1), (30, 40), (30, 120))


def test_a_line_that_stops_short_of_the_edge_of_the_picture_closes_the_region():
    lines = paper()
    lines[4:, 80] = 0
    assert not same_region(segment(lines, gap=5), (60, 40), (60, 120))


def test_a_one_pixel_diagonal_line_separates():
    lines = paper(100, 100)
    np.fill_diagonal(lines, 0)
    regions = segment(lines, gap=0)
    assert regions.count == 2 and not same_region(regions, (20, 70), (70, 20))


@pytest.mark.parametrize("strength", [1.0, 0.45])
def test_a_thin_antialiased_line_separates_also_when_it_is_faint(strength):
    lines = paper(200, 200)
    cv2.line(lines, (-20, 13), (230, 171), 0, 1, cv2.LINE_AA)
    lines = (255 - (255 - lines) * strength).astype(np.uint8)
    regions = segment(lines, gap=0)
    assert not same_region(regions, (10, 150), (190, 50))


def test_a_narrow_tip_stays_with_its_body():
    lines = paper(160, 200)
    cv2.polylines(lines, [np.array([[10, 80], [60, 40], [190, 80], [60, 120]])], True, 0, 1)
    regions = segment(lines, gap=8)
    assert same_region(regions, (80, 60), (80, 180)) and regions.count == 2


def outline_of(shape):
    return 255 - cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))


def test_a_small_part_at_a_narrow_place_stays_with_its_body():
    shape = np.zeros((120, 240), np.uint8)
    cv2.circle(shape, (70, 60), 40, 255, -1)
    cv2.circle(shape, (150, 60), 8, 255, -1)
    shape[57:63, 70:150] = 255
    assert same_region(segment(outline_of(shape), gap=8), (60, 70), (60, 150))


def test_two_large_rooms_are_separate_though_the_gap_between_them_is_a_long_corridor():
    lines = paper(160, 260)
    cv2.rectangle(lines, (10, 10), (250, 150), 0, 1)
    lines[77, 10:170] = lines[83, 90:250] = 0
    assert not same_region(segment(lines, gap=8), (40, 130), (120, 130))


def test_a_thin_closed_strip_is_a_region_of_its_own():
    lines = paper()
    cv2.rectangle(lines, (20, 50), (140, 54), 0, 1)
    regions = segment(lines, gap=8)
    assert regions.count == 2 and not same_region(regions, (52, 80), (20, 80))


def test_pixels_under_a_line_take_the_nearest_region():
    lines = paper()
    lines[:, 70:81] = 0
    regions = segment(lines)
    assert (regions.ids[:, 70:75] == regions.ids[60, 10]).all()
    assert (regions.ids[:, 76:81] == regions.ids[60, 150]).all()
    assert not regions.inside[:, 70:81].any()


def test_dust_holes_in_a_rough_line_are_no_regions():
    lines = paper()
    lines[:, 70:90] = 0
    lines[20::10, 80] = 255
    assert segment(lines).count == 2


def test_blank_paper_is_one_region_and_so_is_a_black_picture():
    for shade in (0, 255):
        regions = segment(np.full((40, 50), shade, np.uint8))
        assert regions.count == 1 and (regions.ids == 0).all() and regions.inside.all() == (shade == 255)


def test_boxes_and_centroids_enclose_the_regions():
    regions = segment(box_with_gap(0))
    for index in range(regions.count):
        y, x = np.nonzero(regions.ids == index)
        assert regions.boxes[index].tolist() == [y.min(), x.min(), y.max() + 1, x.max() + 1]
        assert np.allclose(regions.centroids[index], [y.mean(), x.mean()])


def test_the_same_drawing_gives_the_same_regions():
    rng = np.random.default_rng(3)
    lines = paper(200, 300)
    for _ in range(60):
        cv2.line(lines, *rng.integers(0, 200, (2, 2)).tolist(), 0, 1)
    assert np.array_equal(segment(lines).ids, segment(lines.copy()).ids)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 3), (7, 5)])
def test_tiny_pictures_work(shape):
    regions = segment(np.full(shape, 255, np.uint8))
    assert regions.count == 1


@pytest.mark.parametrize("lines", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.zeros((0, 4), np.uint8), None])
def test_anything_but_a_grey_byte_picture_is_refused(lines):
    with pytest.raises(InputError, match="uint8"):
        segment(lines)
