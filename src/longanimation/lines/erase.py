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
    return paint_over(
        picture, cv2.dilate((lines < _PAPER).astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    )


def paint_over(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3]: every pixel where `mask` (uint8 [H, W]) is not 0 takes the colour of the nearest pixel where it
    is. If there is none of either kind the picture comes back as it is."""
    if not mask.any() or mask.all():
        return picture
    _, nearest = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros(nearest.max() + 1, np.int64)
    off = np.flatnonzero(mask.ravel() == 0)
    places[nearest.ravel()[off]] = off
    found = picture.reshape(-1, 3)[places[nearest.ravel()]].reshape(picture.shape)
    return np.ascontiguousarray(found)
