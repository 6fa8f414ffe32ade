"""Stage `reward`: the clip is made, its last step is judged by the Colour Consistency Reward."""

from __future__ import annotations

import numpy as np
import torch

from longanimation.pipeline.latents import decode_with_gradient
from longanimation.training.color_reward import color_consistency_loss
from longanimation.training.conditions import Conditions
from longanimation.training.diffusion_stage import Memories, MemoryStage
from longanimation.training.stage import Batch
from longanimation.training.stage_config import RewardConfig

_STEP = 41


class RewardStage(MemoryStage):
    """Denoising loss plus reward. Gradients of the reward pass through one denoising step, the decoder and the
    long-video model, not through the steps before."""

    config: RewardConfig
    through = ("transformer", "vae", "memory_encoder")

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        conditions, memories = self.conditions(batch), self.memories(batch)
        reward = self.reward_loss(conditions, memories)
        denoising = self.denoising_loss(conditions, memories)
        loss = self.config.reward_weight * reward + self.config.diffusion_weight * denoising
        return {"loss": loss, "reward": reward, "denoising": denoising}

    def reward_loss(self, conditions: Conditions, memories: Memories) -> torch.Tensor:
        """See `color_consistency_loss`; the step and the decoded frames are drawn anew for each optimizer step."""
        config = self.config
        rng = np.random.default_rng((config.seed, int(conditions.indices[0]) // config.batch_size, _STEP))
        step = config.denoising_steps - 1 - int(rng.integers(config.last_steps))
        predicted = self.predicted_clean(conditions, memories, step)
        padding = conditions.padding
        count = predicted.shape[1] - padding
        length = min(config.decoded_latents, count)
        first = padding + int(rng.integers(count - length + 1))
        chosen = slice(first, first + length)
        with self.frozen.use("vae") as vae:
            shown = decode_with_gradient(vae, predicted[:, chosen])
            with torch.no_grad():  # decoded alike: what the autoencoder loses is not the prediction's fault
                truth = decode_with_gradient(vae, conditions.clean[:, chosen])
        return color_consistency_loss(
            shown.float() / 2 + 0.5,
            (truth.float() / 2 + 0.5).clamp(0, 1),
            lambda frames: self.network("memory_encoder", frames),
            color_terms=config.color_terms,
            time_terms=config.time_terms,
        )

    def predicted_clean(self, conditions: Conditions, memories: Memories, step: int) -> torch.Tensor:
        """The clean latents as step `step` sees them; gradients of that step only."""
        latents, _ = self.denoise(conditions, memories, self.config.denoising_steps, step)
        times = self.step_times(step, conditions)
        prediction = self.predict(conditions, latents, times, self.control(conditions, times, memories))
        alpha = self.alphas.to(self.device)[times].float().view(-1, 1, 1, 1, 1)
        return alpha.sqrt() * latents - (1 - alpha).sqrt() * prediction
