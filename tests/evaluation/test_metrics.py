import json

import numpy as np
import pytest

from longanimation.errors import InputError
from longanimation.evaluation.metrics import ShotScorer
from longanimation.evaluation.regions import off_line, segment_counts, true_regions
from longanimation.evaluation.report import Report, markdown_table

PALETTE = np.array([(240, 240, 235), (200, 40, 50), (40, 90, 200), (250, 210, 60)], np.uint8)


def frame(shift=0):
    """Two boxes and a dot of 9 pixels on paper, with lines around the boxes."""
    labels = np.zeros((48, 64), np.uint8)
    labels[8:28, 4 + shift : 20 + shift] = 1
    labels[8:28, 20 + shift : 36 + shift] = 2
    labels[36:39, 10 + shift : 13 + shift] = 3
    lines = np.full(labels.shape, 255, np.uint8)
    lines[8:28, [4 + shift, 20 + shift, 35 + shift]] = 0
    lines[[8, 27], 4 + shift : 36 + shift] = 0
    return labels, lines


def score(paint, frames=10, **options):
    """Scores a shot in which the box moves; `paint(labels, index)` gives the result's labels."""
    scorer = ShotScorer()
    for index in range(frames):
        labels, lines = frame(index)
        inside = off_line(lines)
        result = PALETTE[paint(labels.copy(), index)]
        scorer.add(result, PALETTE[labels], inside=inside, regions=true_regions(labels, inside), **options)
    return scorer.report("shot")


def perfect(labels, index):
    return labels


def box_wrong(labels, index):
    labels[labels == 1] = 2
    return labels


def test_the_truth_itself_scores_full_marks():
    report = score(perfect)
    assert report.right == report.ssim == report.segment_accuracy == report.large_segment_accuracy == 1
    assert report.color_error == report.flicker == 0
    assert report.drift == 1
    assert report.frames == 10


def test_a_wrongly_painted_box_lowers_every_score_by_what_it_is():
    report = score(box_wrong)
    labels, lines = frame()
    inside = off_line(lines)
    assert report.right == pytest.approx(1 - (labels[inside] == 1).mean())
    assert report.segments == (30, 40, 20, 30)  # paper, box, box, dot; the dot is no large region
    assert report.segment_accuracy == 0.75
    assert report.psnr < score(perfect).psnr
    assert report.ssim < 0.95
    assert report.color_error > 1


def test_paint_under_the_line_does_not_count():
    labels, lines = frame()
    result = PALETTE[labels].copy()
    result[lines < 128] = (0, 255, 0)
    scored = ShotScorer().add(result, PALETTE[labels], inside=off_line(lines))
    assert scored.right == 1
    assert scored.color_error == 0


def test_a_region_is_right_only_when_more_than_half_of_it_is():
    regions = np.array([[1, 1, 2, 2, 2]])
    right = np.array([[True, False, True, True, False]])
    assert segment_counts(regions, right, min_area=3).tolist() == [1, 2, 1, 1]


def test_touching_regions_of_one_label_are_one_and_a_line_parts_them():
    labels = np.zeros((5, 5), np.uint8)
    inside = np.ones((5, 5), bool)
    assert true_regions(labels, inside).max() == 1
    inside[:, 2] = False
    assert true_regions(labels, inside).max() == 2


def test_errors_that_grow_over_the_shot_show_as_drift():
    report = score(lambda labels, index: box_wrong(labels, index) if index >= 8 else labels)
    assert report.drift_frames == 2
    assert report.first_error == 0
    assert report.drift > 100
    steady = score(box_wrong)
    assert steady.drift == pytest.approx(1, abs=0.05)


def test_a_box_that_changes_its_paint_every_frame_flickers_and_a_constant_mistake_does_not():
    flickering = score(lambda labels, index: box_wrong(labels, index) if index % 2 else labels)
    assert flickering.flicker > 1
    assert score(box_wrong).flicker == 0


def test_known_parts_track_a_thing_that_jumps_further_than_its_own_size():
    scorer = ShotScorer()
    for index in range(4):
        labels = np.zeros((40, 90), np.uint8)
        labels[10:20, index * 20 : index * 20 + 10] = 1
        wrong = labels + (labels == 1) * (index % 2)
        scorer.add(PALETTE[wrong], PALETTE[labels], tracks=labels + 1)
    assert scorer.report().flicker > 0.5


def test_results_of_another_size_are_refused_with_both_sizes():
    with pytest.raises(InputError, match="frame 7: the result is 20x10, the truth 30x10"):
        ShotScorer().add(np.zeros((10, 20, 3), np.uint8), np.zeros((10, 30, 3), np.uint8), number=7)


def test_a_report_survives_being_written_and_read(tmp_path):
    report = score(box_wrong)
    report.write_json(tmp_path / "report.json")
    report.write_markdown(tmp_path / "report.md")
    assert Report.from_dict(json.loads((tmp_path / "report.json").read_text())) == report
    assert "75.0 %" in (tmp_path / "report.md").read_text()


def test_the_mean_row_pools_regions_and_averages_the_rest():
    good, bad = score(perfect), score(box_wrong)
    mean = Report.mean("mean", [good, bad])
    assert mean.right == pytest.approx((good.right + bad.right) / 2)
    assert mean.segments == (70, 80, 50, 60)
    table = markdown_table([good, bad, mean])
    assert len(table.splitlines()) == 5
    assert len({line.count("|") for line in table.splitlines()}) == 1
