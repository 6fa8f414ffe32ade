import cv2
import numpy as np
import pytest

from longanimation.errors import InputError
from longanimation.evaluation.plot import plot_color_error
from longanimation.evaluation.report import FrameScore, Report
from longanimation.evaluation.sheet import contact_sheet, fit_width, write_png


def flat(color, height=54, width=96):
    return np.full((height, width, 3), color, np.uint8)


def test_a_contact_sheet_shows_every_frame_of_every_row_and_every_reference(tmp_path):
    colors = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)]
    references = [flat((9, 99, 199)), flat((199, 99, 9), 200, 40)]
    rows = [("lines", [flat(colors[0]), flat(colors[1])]), ("result", [flat(colors[2]), flat(colors[3])])]
    sheet = contact_sheet(rows, captions=["frame 0", "frame 7"], references=references, cell_width=48)
    for color in [*colors, (9, 99, 199), (199, 99, 9)]:
        assert (sheet == color).all(2).sum() > 150
    write_png(tmp_path / "sheet.png", sheet)
    assert np.array_equal(cv2.imread(str(tmp_path / "sheet.png"))[..., ::-1], sheet)


def test_a_sheet_without_frames_is_refused():
    with pytest.raises(InputError, match="at least one row"):
        contact_sheet([])


def test_transparent_paper_is_shown_white():
    frame = np.zeros((10, 20, 4), np.uint8)
    frame[:, :10] = (200, 0, 0, 255)
    small = fit_width(frame, 20)
    assert small[0, 0].tolist() == [200, 0, 0]
    assert small[0, 15].tolist() == [255, 255, 255]


def test_the_plot_is_a_picture_and_the_same_each_time(tmp_path):
    frames = [FrameScore(index, 30.0, 0.9, 0.9, 1.0 + index, (1, 1, 1, 1)) for index in range(5)]
    report = Report.from_frames("result", frames)
    for name in ("a.png", "b.png"):
        plot_color_error(tmp_path / name, [report, report], title="colour error")
    assert cv2.imread(str(tmp_path / "a.png")).shape[1] > 500
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
