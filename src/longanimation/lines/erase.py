"""A painted picture without its lines."""

import cv2
import numpy as np

_PAPER = 250  # lighter than this is no line
_AROUND = 1 / 540  # of the height: how far beyond a line its soft edge reaches, at least one pixel


def erase_lines(picture: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """The paint below the line, guessed: every pixel of a line takes the colour of the nearest pixel off the line.

    picture: uint8 [H, W, 3]; lines: uint8 [H, W], 255 = paper. A picture that is all line comes back as it is.
    """
    reach = max(1, round(_AROUND * lines.shape[0]))
    line = cv2.dilate((lines < _PAPER).astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    if not line.any() or line.all():
        return picture
    _, nearest = cv2.distanceTransformWithLabels(line, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros(nearest.max() + 1, np.int64)
    off = np.flatnonzero(line.ravel() == 0)
    places[nearest.ravel()[off]] = off
    found = picture.reshape(-1, 3)[places[nearest.ravel()]].reshape(picture.shape)
    return np.ascontiguousarray(found)
