"""LPIPS, FID and FVD of a shot, frame by frame: of a frame only its features are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from longanimation.evaluation.frechet import FeatureStatistics, frechet_distance
from longanimation.evaluation.metric_networks import MetricNetworks
from longanimation.evaluation.networks import i3d, inception

CLIP_FRAMES = 16
"""Frames of a clip for FVD, as in StyleGAN-V's FVD16 and cd-fvd: 16 in a row, no clip shares a frame with another.

A shot of 9 to 15 frames (the 14-frame set) is one clip; the frames that are left over after the last clip do not count.
"""

_SMALLEST = 35  # pixels; AlexNet sees nothing in less


@dataclass(frozen=True)
class ShotFeatures:
    """frames: float32 [F, 2048], of FID; clips: float32 [C, 400], of FVD. Empty where not computed."""

    frames: np.ndarray
    clips: np.ndarray

    def tensors(self) -> dict[str, np.ndarray]:
        """For a safetensors file."""
        return {"frames": self.frames, "clips": self.clips}


class FeatureStream:
    """Takes the frames of one shot in order and keeps their features."""

    def __init__(self, networks: MetricNetworks):
        self._networks = networks
        self._frames: list[np.ndarray] = []
        self._clips: list[np.ndarray] = []
        self._waiting: list[torch.Tensor] = []
        self.seen: list[torch.Tensor] = []
        """LPIPS features of the latest frame."""

    @torch.inference_mode()
    def add(self, frame: np.ndarray) -> None:
        """The next frame, uint8 [H, W, 3]."""
        networks = self._networks
        picture = torch.from_numpy(np.ascontiguousarray(frame)).to(networks.device)
        picture = picture.permute(2, 0, 1)[None].float() / 255
        if networks.lpips is not None:
            self.seen = networks.lpips.features(_at_least(picture, _SMALLEST))
        if networks.fid is not None:
            self._frames.append(networks.fid(picture)[0].cpu().numpy())
        if networks.fvd is not None:
            self._waiting.append(F.interpolate(picture, (i3d.SIDE, i3d.SIDE), mode="bilinear", align_corners=False))
            if len(self._waiting) == CLIP_FRAMES:
                self._close_clip()

    def features(self) -> ShotFeatures:
        """Of all frames so far; call it at the end of the shot."""
        if not self._clips and len(self._waiting) >= i3d.MIN_FRAMES:
            self._close_clip()
        return ShotFeatures(_rows(self._frames, inception.FEATURES), _rows(self._clips, i3d.FEATURES))

    @torch.inference_mode()
    def _close_clip(self) -> None:
        logits = self._networks.fvd(i3d.clip_of(torch.cat(self._waiting)))
        self._clips.append(logits[0].cpu().numpy())
        self._waiting = []


class PerceptualScorer:
    """Scores a result against the truth; several scorers may share the stream of one truth."""

    def __init__(self, networks: MetricNetworks, truth: FeatureStream | None = None):
        """truth: a stream whose owner adds each true frame before the scorers see it; None: this scorer does."""
        self._networks, self._owns_truth = networks, truth is None
        self.truth = truth or FeatureStream(networks)
        self.result = FeatureStream(networks)

    def add(self, result: np.ndarray, truth: np.ndarray) -> float | None:
        """LPIPS of the next frame, uint8 [H, W, 3] twice; None if it is not wanted."""
        if self._owns_truth:
            self.truth.add(truth)
        self.result.add(result)
        if self._networks.lpips is None:
            return None
        with torch.inference_mode():
            return float(self._networks.lpips.distance(self.result.seen, self.truth.seen)[0])

    def distances(self) -> dict[str, float | None]:
        """{"fid": ..., "fvd": ...} of this one shot."""
        return distances([self.result.features()], [self.truth.features()])


def distances(results: Sequence[ShotFeatures], truths: Sequence[ShotFeatures]) -> dict[str, float | None]:
    """FID over all frames and FVD over all clips of the shots together; None where there are no features.

    Covariances divide by n - 1 for FID and by n for FVD, as the packages do that made each common.
    """
    return {
        "fid": _distance([shot.frames for shot in results], [shot.frames for shot in truths], unbiased=True),
        "fvd": _distance([shot.clips for shot in results], [shot.clips for shot in truths], unbiased=False),
    }


def _distance(results, truths, *, unbiased: bool) -> float | None:
    first, second = (FeatureStatistics.of(blocks, unbiased=unbiased) for blocks in (results, truths))
    return frechet_distance(first, second) if first.count and second.count else None


def _at_least(picture: torch.Tensor, side: int) -> torch.Tensor:
    """Small pictures are enlarged, so that the trunk has something to see."""
    height, width = picture.shape[-2:]
    if min(height, width) >= side:
        return picture
    return F.interpolate(picture, (max(height, side), max(width, side)), mode="bilinear", align_corners=False)


def _rows(rows: list[np.ndarray], width: int) -> np.ndarray:
    return np.stack(rows) if rows else np.zeros((0, width), np.float32)
