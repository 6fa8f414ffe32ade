"""Optical flow between two line drawings: what the flow baselines stand on."""

import cv2
import numpy as np

_REACH = 12.0  # pixels at height 540; 6, 24 and 60, and blurred lines, carried fewer regions over 100 frames


def flow_picture(lines: np.ndarray) -> np.ndarray:
    """A drawing as a picture that optical flow can follow: uint8 [H, W] (255 paper) -> uint8 [H, W].

    Thin lines on white give flow next to nothing to hold on to, so each pixel holds its distance to the next line.
    """
    reach = _REACH * lines.shape[0] / 540
    paper = (lines >= 128).astype(np.uint8)
    if paper.all():
        return np.full(lines.shape, 255, np.uint8)
    distance = cv2.distanceTransform(paper, cv2.DIST_L2, 3)
    return (np.minimum(distance / reach, 1) * 255).astype(np.uint8)


class LineFlow:
    """Dense flow between drawings (DIS, medium preset)."""

    def __init__(self):
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, target: np.ndarray, source: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Where each pixel of `target` comes from in `source`: uint8 [H, W] flow pictures -> float32 [H, W, 2].

        start: a flow to begin from, of the same shape as the answer.
        """
        return self._flow.calc(target, source, None if start is None else start.copy())


def warp(values: np.ndarray, flow: np.ndarray, *, smooth: bool = False) -> np.ndarray:
    """Fetches `values` [H, W(, C)] through a flow from `LineFlow`; nearest by default (labels), bilinear if smooth."""
    height, width = flow.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return cv2.remap(values, across + flow[..., 0], down + flow[..., 1], how, borderMode=cv2.BORDER_REPLICATE)
