"""Stage `autoencoder`: reconstruction of coloured frames and of line maps through the video autoencoder."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from longanimation.pipeline.latents import to_frames
from longanimation.pipeline.pictures import binary_lines
from longanimation.training.clips import ClipPlan
from longanimation.training.stage import Batch, Stage, clip_noise, clip_numbers, side_by_side, to_video
from longanimation.training.stage_config import AutoencoderConfig

_KIND, _POSTERIOR = 11, 12


class AutoencoderStage(Stage):
    """L1 on pixels and on differences of neighbouring pixels, and a little KL (latent diffusion, Rombach et al.)."""

    config: AutoencoderConfig

    @classmethod
    def plan(cls, config: AutoencoderConfig) -> ClipPlan:
        return ClipPlan(
            config.frames,
            config.size,
            config.batch_size,
            config.seed,
            flip=config.flip,
            recolour=config.recolour,
            distinct=config.distinct,
        )

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        video = self._video(batch)
        posterior = self.trained["vae"].encode(video).latent_dist
        noise = clip_noise(self.config.seed, batch["index"], _POSTERIOR, tuple(posterior.mean.shape[1:]))
        found = self.trained["vae"].decode(posterior.mean + posterior.std * noise.to(posterior.mean)).sample
        found = found.float()
        pixels = F.l1_loss(found, video)
        edges = sum(F.l1_loss(found.diff(dim=axis), video.diff(dim=axis)) for axis in (-2, -1))
        kl = 0.5 * (posterior.mean.float() ** 2 + posterior.var.float() - 1 - posterior.logvar.float()).mean()
        loss = pixels + self.config.edge_weight * edges + self.config.kl_weight * kl
        return {"loss": loss, "pixels": pixels, "edges": edges, "kl": kl}

    def pictures(self, batch: Batch) -> np.ndarray:
        first = {name: value[:1] for name, value in batch.items()}
        video = self._video(first)
        vae = self.trained["vae"]
        found = vae.decode(vae.encode(video).latent_dist.mode()).sample
        chosen = [0, video.shape[2] // 2, video.shape[2] - 1]
        truth, shown = (to_frames(clip)[0, chosen].cpu().numpy() for clip in (video, found))
        return side_by_side([list(truth), list(shown)])

    @torch.no_grad()
    def config_changes(self, batches) -> dict[str, dict]:
        """`scaling_factor`: one over the spread of the latents, so that diffusion sees about unit variance."""
        square, count = 0.0, 0
        for batch in batches:
            video = to_video(batch["colour"].to(self.device))
            latents = self.trained["vae"].encode(video).latent_dist.mean.double()
            square, count = square + float((latents**2).sum()), count + latents.numel()
        return {"vae": {"scaling_factor": round((count / square) ** 0.5, 5)}} if count and square else {}

    def _video(self, batch: Batch) -> torch.Tensor:
        """Some clips in colour, some as the line maps that SketchDiT reads."""
        video = to_video(batch["colour"])
        lines = binary_lines(batch["lines"].float() / 255, self.start.settings.line_threshold)[:, None]
        as_lines = clip_numbers(self.config.seed, batch["index"], _KIND) < self.config.lines_share
        return torch.where(as_lines.to(video.device).view(-1, 1, 1, 1, 1), lines, video)
