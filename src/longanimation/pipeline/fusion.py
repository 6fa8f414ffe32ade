"""Colour consistency fusion: joins a window to the one before by blending latents in the late denoising steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch

TAIL_FRAMES = 4
"""Latent frames of a window that the next one is blended with: the 16 frames that both contain."""


@dataclass(frozen=True)
class Fusion:
    """When and where a window is blended with the previous one (paper section 3.5).

    Attributes:
        below_noise_level: blend after every step that leaves at most this share of noise (`noise_level` of the
            scheduler). 0.36 is where the published inference starts: after step 31 of 50.
        after_step_index: if given, use the published rule instead: blend after steps with a higher index (30),
            whatever the number of steps. With 31 steps or fewer it never blends.
        first_index: latent frame of the window that meets the first tail frame. 2 in the published inference: behind
            the reference slot (0) and the frame that both windows contain (1).
    """

    below_noise_level: float = 0.36
    after_step_index: int | None = None
    first_index: int = 2

    @classmethod
    def published(cls) -> Fusion:
        return cls(after_step_index=30)

    def active(self, step_index: int, noise_level: float) -> bool:
        """Whether to blend after this step."""
        if self.after_step_index is not None:
            return step_index > self.after_step_index
        return noise_level <= self.below_noise_level + 1e-9


def color_consistency_fusion(
    latents: torch.Tensor,
    previous_tail: torch.Tensor | None,
    step_index: int | None = None,
    *,
    after_step_index: int = 30,
    noise_level: float | None = None,
    below_noise_level: float = 0.36,
    first_index: int = 2,
) -> torch.Tensor:
    """Blend the first latent frames of a window with the last ones of the previous window at the same step.

    Frame `first_index + m` becomes `(1 - w) * previous_tail[:, m] + w * latents[:, first_index + m]` with
    `w = (m + 1) / (n + 1)` for n tail frames: 0.2, 0.4, 0.6, 0.8 for the published four.

    Args:
        latents: [B, F, C, h, w] after the scheduler step, any float dtype; not changed.
        previous_tail: [B, n, C, h, w], the last n latent frames of the previous window after the same step; None in
            the first window, which returns `latents` as they are.
        step_index: the published rule: blend only if `step_index > after_step_index`.
        noise_level: share of noise left after the step, in [0, 1]: blend only if at most `below_noise_level`. Works
            for any number of steps; for 50 steps it is the published rule.
        first_index: see `Fusion`.

    Give `step_index` or `noise_level`; with neither it always blends. Source: paper section 3.5, published inference.
    """
    if step_index is not None and noise_level is not None:
        raise ValueError("give step_index (published rule) or noise_level, not both")
    if previous_tail is None:
        return latents
    if step_index is not None and step_index <= after_step_index:
        return latents
    if noise_level is not None and not Fusion(below_noise_level).active(-1, noise_level):
        return latents
    count = previous_tail.shape[1]
    if latents.shape[1] < first_index + count:
        raise ValueError(f"{latents.shape[1]} latent frames are too few to blend {count} from index {first_index} on")
    new = torch.arange(1, count + 1, device=latents.device, dtype=latents.dtype) / (count + 1)
    new = new.view(1, count, 1, 1, 1)
    fused = latents.clone()
    place = slice(first_index, first_index + count)
    fused[:, place] = (1 - new) * previous_tail.to(latents) + new * latents[:, place]
    return fused
