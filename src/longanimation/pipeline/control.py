"""The control of every denoising step: SketchDiT's output, corrected by the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from longanimation.models.dynamic_global_local_memory import DynamicGlobalLocalMemory, ProjectedMemory


class ControlSource:
    """Gives the control of each step, computed when asked for or ahead.

    SketchDiT does not see the noisy latents, so nothing it computes depends on what denoising did before.

    Args:
        compute: `compute(timesteps, halves)`: controls for time steps [n], [n * halves, N, dim], halves of a step
            together. halves is 2 (negative, positive) or 1 (positive only).
        timesteps: time step of every step.
        halves: number of halves of every step.
        steps_per_call: how many steps to compute at once.
        ahead: compute all steps now, so that SketchDiT can leave the device before the loop; they are kept on
            `store` (default: where they are computed). One step of 81 frames at 576 x 1024 takes 311 MB in bfloat16.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[int], int], torch.Tensor],
        timesteps: Sequence[int],
        halves: Sequence[int],
        *,
        steps_per_call: int = 1,
        ahead: bool = False,
        store: torch.device | str | None = None,
    ):
        self._compute, self._timesteps, self._halves = compute, timesteps, halves
        self._steps_per_call, self._store = max(1, steps_per_call), store
        self._ready: dict[int, torch.Tensor] = {}
        if ahead:
            for index in range(len(timesteps)):
                if index not in self._ready:
                    self._fill(index)

    def _fill(self, first: int) -> None:
        """Compute the control of step `first` and of the following ones that fit in one call."""
        halves, last = self._halves[first], first + 1
        while last < len(self._timesteps) and last - first < self._steps_per_call and self._halves[last] == halves:
            last += 1
        controls = self._compute(self._timesteps[first:last], halves)
        for index, control in zip(range(first, last), controls.split(controls.shape[0] // (last - first)), strict=True):
            self._ready[index] = control.to(self._store) if self._store is not None else control

    def take(self, index: int) -> torch.Tensor:
        """The control of step `index`, [halves, N, dim]; it is forgotten afterwards."""
        if index not in self._ready:
            self._fill(index)
        return self._ready.pop(index)


def control_function(
    sketch_dit: Callable[..., torch.Tensor],
    memory: DynamicGlobalLocalMemory | None,
    projected: ProjectedMemory | None,
    *,
    latents: torch.Tensor,
    prompts: torch.Tensor,
    ofs: float,
    image_rotary_emb: tuple[torch.Tensor, torch.Tensor],
) -> Callable[[Sequence[int], int], torch.Tensor]:
    """The `compute` of a `ControlSource`.

    latents: [B, F, C, h, w] sketch and image latents, joined. prompts: [halves * B, L, E], negative first.
    The memory's term is added where `memory` and `projected` are given (not in the first window).
    """
    batch = latents.shape[0]

    @torch.no_grad()
    def compute(timesteps: Sequence[int], halves: int) -> torch.Tensor:
        steps = len(timesteps)
        control = sketch_dit(
            hidden_states=latents.repeat(steps * halves, 1, 1, 1, 1),
            encoder_hidden_states=prompts[-halves * batch :].repeat(steps, 1, 1),
            timestep=torch.tensor(timesteps, device=latents.device).repeat_interleave(halves * batch),
            ofs=ofs,
            image_rotary_emb=image_rotary_emb,
        )
        if memory is not None and projected is not None:
            control = memory(control=control, projected=projected) + control
        return control

    return compute
