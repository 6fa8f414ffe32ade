"""The sampler: CogVideoX's DPM solver (stochastic, second order, multistep) with noise handed in."""

from __future__ import annotations

import torch
from diffusers import CogVideoXDPMScheduler

PUBLISHED_SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "steps_offset": 0,
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True,
    "snr_shift_scale": 1.0,
}
"""Settings of CogVideoX1.5-5B-I2V, the base of the published weights."""


class SegmentScheduler(CogVideoXDPMScheduler):
    """diffusers' scheduler whose `step` takes the noise as an argument, so that its source is the caller's choice."""

    @classmethod
    def published(cls) -> SegmentScheduler:
        """The scheduler of the published inference."""
        return cls(**PUBLISHED_SCHEDULER)

    def reached(self, index: int, *, aligned: bool = False) -> int:
        """Time step that step `index` arrives at; below 0 for the clean clip.

        The published rule goes back by floor(1000 / steps). If the number of steps does not divide 1000, that is not
        the next step's time, and the last step may leave noise. `aligned` goes to the next step's time, and to the
        clean clip at the end.
        """
        if aligned:
            return int(self.timesteps[index + 1]) if index + 1 < len(self.timesteps) else -1
        return int(self.timesteps[index]) - self.config.num_train_timesteps // self.num_inference_steps

    def noise_level(self, index: int, *, aligned: bool = False) -> float:
        """How noisy the latents are after step `index`: 1 for pure noise, 0 for the clean clip (share of the 1000)."""
        return max(0, self.reached(index, aligned=aligned) + 1) / self.config.num_train_timesteps

    def is_second_order(self, index: int, *, aligned: bool = False) -> bool:
        """Whether step `index` also uses the previous prediction (not the first one, nor one that ends clean)."""
        return index > 0 and self.reached(index, aligned=aligned) >= 0

    def advance(
        self,
        index: int,
        model_output: torch.Tensor,
        sample: torch.Tensor,
        noise: torch.Tensor,
        previous_clean: torch.Tensor | None = None,
        *,
        aligned: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Do step `index` of `set_timesteps`.

        Args:
            model_output: v-prediction for `sample`, same shape, float32.
            sample: the latents before the step.
            noise: standard normal, same shape.
            previous_clean: second value returned by the step before; None at the first step.
            aligned: see `reached`.

        Returns:
            The latents after the step and the predicted clean latents, which the next step wants back.
        """
        time, target = int(self.timesteps[index]), self.reached(index, aligned=aligned)
        alpha = self.alphas_cumprod[time]
        alpha_next = self.alphas_cumprod[target] if target >= 0 else self.final_alpha_cumprod
        second_order = previous_clean is not None and self.is_second_order(index, aligned=aligned)
        alpha_before = self.alphas_cumprod[int(self.timesteps[index - 1])] if second_order else None

        if self.config.prediction_type == "v_prediction":
            clean = alpha**0.5 * sample - (1 - alpha) ** 0.5 * model_output
        elif self.config.prediction_type == "epsilon":
            clean = (sample - (1 - alpha) ** 0.5 * model_output) / alpha**0.5
        else:
            clean = model_output

        h, ratio, _, _ = self.get_variables(alpha, alpha_next, alpha_before)
        factors = self.get_mult(h, ratio, alpha, alpha_next, alpha_before)
        estimate = factors[2] * clean - factors[3] * previous_clean if second_order else clean
        noise_factor = (1 - alpha_next) ** 0.5 * (1 - (-2 * h).exp()) ** 0.5
        return factors[0] * sample - factors[1] * estimate + noise_factor * noise, clean
