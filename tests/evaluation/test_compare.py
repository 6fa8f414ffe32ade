import numpy as np
import pytest

from longanimation.errors import InputError
from longanimation.evaluation.compare import cel_regions, evaluate
from longanimation.evaluation.regions import off_line
from longanimation.evaluation.sheet import write_png
from longanimation.media import encode_video

PALETTE = np.array([(245, 245, 240), (200, 40, 50), (40, 90, 200)], np.uint8)


def picture(index):
    """(painted, lines) of a box of two halves that moves to the right."""
    labels = np.zeros((72, 128), np.uint8)
    left = 20 + 2 * index
    labels[20:52, left : left + 30], labels[20:52, left + 30 : left + 60] = 1, 2
    lines = np.full(labels.shape, 255, np.uint8)
    for x in (left, left + 30, left + 60):
        lines[20:54, x : x + 2] = 0
    lines[[20, 21, 52, 53], left : left + 62] = 0
    painted = PALETTE[labels]
    painted[lines < 128] = 20
    return painted, lines


@pytest.fixture
def shot(tmp_path):
    """Folders truth, lines, and wrong: frames 3, 4, 5, 6, in which the left half has the right half's colour."""
    for name in ("truth", "lines", "wrong"):
        (tmp_path / name).mkdir()
    for number in range(3, 7):
        painted, lines = picture(number)
        wrong = painted.copy()
        wrong[(painted == PALETTE[1]).all(2)] = PALETTE[2]
        for name, frame in (("truth", painted), ("lines", lines), ("wrong", wrong)):
            write_png(tmp_path / name / f"{number:04d}.png", frame)
    return tmp_path


def test_a_folder_equal_to_the_truth_scores_full_marks(shot):
    report = evaluate(shot / "truth", shot / "truth", shot / "lines")
    assert (report.frames, report.right, report.segment_accuracy) == (4, 1, 1)
    assert [frame.number for frame in report.per_frame] == [3, 4, 5, 6]


def test_one_wrong_region_of_three_shows_in_every_figure(shot):
    report = evaluate(shot / "wrong", shot / "truth", shot / "lines")
    assert report.segments == (8, 12, 8, 12)
    assert report.right == pytest.approx(1 - 28 * 30 / (72 * 128 - 62 * 34 + 28 * 30 + 30 * 28), abs=0.02)
    assert report.color_error > 1


def test_without_lines_every_pixel_counts_and_no_region_does(shot):
    report = evaluate(shot / "wrong", shot / "truth")
    assert report.segment_accuracy is None
    assert report.right < 1


def test_a_video_is_scored_like_its_frames(shot):
    frames = [picture(number)[0] for number in range(3, 7)]
    encode_video(shot / "result.mp4", frames, None, (72, 128))
    report = evaluate(shot / "result.mp4", shot / "truth", shot / "lines")
    assert report.segment_accuracy == 1
    assert report.right > 0.97
    assert report.psnr > 30


def test_a_truth_of_a_single_frame_is_found_by_its_number(shot):
    report = evaluate(shot / "wrong", shot / "truth" / "0005.png", shot / "lines")
    assert report.frames == 1
    assert report.segments == (2, 3, 2, 3)


def test_frames_that_do_not_belong_together_are_refused(shot, tmp_path):
    (tmp_path / "other").mkdir()
    for number in (5, 9):
        write_png(tmp_path / "other" / f"{number}.png", picture(0)[0])
    with pytest.raises(InputError, match="frame 9 of the truth"):
        evaluate(shot / "wrong", tmp_path / "other")
    write_png(tmp_path / "small.png", np.zeros((9, 16, 3), np.uint8))
    with pytest.raises(InputError, match="16x9"):
        evaluate(tmp_path / "small.png", shot / "truth")


def test_regions_of_a_shaded_truth_are_those_of_the_drawing():
    painted, lines = picture(0)
    inside = off_line(lines)
    shaded = painted.astype(int) + np.arange(128)[None, :, None] // 2 - 40
    regions = cel_regions(np.clip(shaded, 0, 255).astype(np.uint8), lines, inside)
    assert len(np.unique(regions[inside])) == 3
    assert (regions[~inside] == 0).all()
