import cv2
import numpy as np
from cel_drawings import box_with_gap, paper

from longanimation.cel import sample_points, sample_points_from_ids, segment


def busy_drawing():
    rng = np.random.default_rng(5)
    lines = paper(288, 512)
    for _ in range(40):
        cv2.circle(lines, tuple(rng.integers(0, (512, 288)).tolist()), int(rng.integers(3, 60)), 0, 1)
    return segment(lines)


def test_every_region_has_a_point_and_no_region_more_than_asked_for():
    regions = busy_drawing()
    points, region = sample_points(regions, 16)
    counts = np.bincount(region, minlength=regions.count)
    assert counts.min() >= 1 and counts.max() <= 16
    assert np.median(counts[regions.areas > 400]) >= 10
    assert points.dtype == region.dtype == np.int32


def test_points_lie_inside_the_region_they_are_for():
    regions = busy_drawing()
    points, region = sample_points(regions, 16)
    assert np.array_equal(regions.ids[points[:, 0], points[:, 1]], region)
    assert regions.inside[points[:, 0], points[:, 1]].all()
    assert (np.diff(region) >= 0).all()
    assert len(np.unique(points, axis=0)) == len(points)


def test_small_regions_give_all_their_pixels():
    lines = paper()
    cv2.rectangle(lines, (20, 20), (25, 24), 0, 1)
    regions = segment(lines, gap=0)
    points, region = sample_points(regions, 16)
    assert (region == regions.ids[22, 22]).sum() == 12 == regions.areas[regions.ids[22, 22]]


def test_points_spread_over_the_whole_region():
    points, _ = sample_points(segment(paper(200, 200)), 16)
    quarters = {(y >= 100, x >= 100) for y, x in points.tolist()}
    assert len(quarters) == 4 and np.ptp(points, axis=0).min() > 100


def test_points_keep_away_from_the_lines_where_there_is_room():
    regions = segment(box_with_gap(0))
    points, _ = sample_points(regions, 9)
    assert (regions.depth[points[:, 0], points[:, 1]] >= 8).all()


def test_sampling_is_repeatable_and_random_only_with_a_generator():
    regions = busy_drawing()
    first, second = sample_points(regions), sample_points(regions)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    known = (regions.ids, regions.inside, regions.count, 8)
    drawn = [sample_points_from_ids(*known, rng=np.random.default_rng(seed))[0] for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])


def test_known_ids_need_no_drawing_and_hidden_regions_get_no_point():
    ids = np.zeros((64, 64), np.int64)
    ids[10:20, 10:20] = 1
    ids[40:44, 40:44] = 2
    inside = ids != 2
    points, region = sample_points_from_ids(ids, inside, 4, 8)
    assert set(region.tolist()) == {0, 1}
    assert np.array_equal(ids[points[:, 0], points[:, 1]], region)
