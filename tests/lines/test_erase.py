import cv2
import numpy as np

from longanimation.lines.erase import erase_lines


def test_every_line_pixel_takes_the_nearest_paint():
    paint = np.zeros((60, 80, 3), np.uint8)
    paint[:, :40], paint[:, 40:] = (200, 30, 30), (30, 30, 200)
    lines = np.full((60, 80), 255, np.uint8)
    cv2.line(lines, (40, 0), (40, 59), 0, 2, cv2.LINE_AA)
    cv2.circle(lines, (15, 30), 8, 0, 1, cv2.LINE_AA)
    picture = (paint * (lines[..., None] / 255)).astype(np.uint8)
    found = erase_lines(picture, lines)
    wrong = np.abs(found.astype(int) - paint).max(axis=2) > 8
    assert not wrong[:, :36].any() and not wrong[:, 45:].any()


def test_pictures_without_lines_and_of_lines_alone_stay_as_they_are():
    picture = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    for level in (255, 0):
        assert erase_lines(picture, np.full((20, 30), level, np.uint8)) is picture
