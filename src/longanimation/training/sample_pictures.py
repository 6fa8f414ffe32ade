"""Pictures of what the correspondence memory copies at this moment of its training."""

import cv2
import numpy as np
import torch

from longanimation.data.synth import Clip
from longanimation.models.correspondence_memory import CorrespondenceMemory
from longanimation.training.episodes import sample_truth_points

STRIDE = 2
"""Pixels between the points that are asked."""


@torch.no_grad()
def sample_picture(model: CorrespondenceMemory, clip: Clip, points: int = 1024) -> np.ndarray:
    """uint8 [H, 4 W, 3]: the first reference, the last frame's lines, the colours copied to it from all references
    point by point (no closed regions, no history), and the truth."""
    device = next(model.parameters()).device
    size = np.array(clip.lines.shape[1:])
    rng = np.random.default_rng(0)
    bank = model.new_bank()
    for index in range(clip.reference_count):
        lines, labels = clip.lines[index], clip.labels[index]
        yx, _ = sample_truth_points(lines, labels, clip.parts[index], points, rng)
        if len(yx):
            values = torch.from_numpy(clip.palette[labels[yx[:, 0], yx[:, 1]]]).float()
            keys = _keys(model, lines, (yx + 0.5) / size, device)
            bank.add(keys.cpu(), values, permanent=True, placed=clip.positions[index] >= 0)
    if len(bank) == 0:
        copied = np.full((*size, 3), 255, np.uint8)
    else:
        y, x = (np.arange(STRIDE // 2, length, STRIDE) for length in size)
        grid = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)
        keys = _keys(model, clip.lines[-1], (grid.reshape(-1, 2) + 0.5) / size, device)
        values, _ = model.cpu().read(keys.cpu(), bank)
        model.to(device)
        small = values.reshape(*grid.shape[:2], 3).clamp(0, 255).numpy().astype(np.uint8)
        copied = cv2.resize(small, tuple(int(n) for n in size[::-1]), interpolation=cv2.INTER_NEAREST)
    panels = [
        _with_lines(clip.palette[clip.labels[0]], clip.lines[0]),
        np.repeat(clip.lines[-1][..., None], 3, axis=2),
        _with_lines(copied, clip.lines[-1]),
        _with_lines(clip.palette[clip.labels[-1]], clip.lines[-1]),
    ]
    return np.concatenate(panels, axis=1)


def _keys(model, lines, places, device):
    picture = torch.from_numpy(lines).to(device).float()[None, None] / 255
    return model.keys_at(model.encode(picture), torch.from_numpy(places.astype(np.float32)).to(device)[None])[0]


def _with_lines(colors: np.ndarray, lines: np.ndarray) -> np.ndarray:
    return (colors.astype(np.uint16) * lines[..., None] // 255).astype(np.uint8)
