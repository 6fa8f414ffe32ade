"""What the training loop asks of a stage."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from longanimation.errors import InputError
from longanimation.training.clips import ClipPlan
from longanimation.training.frozen_parts import FrozenParts
from longanimation.training.lora import add_lora
from longanimation.training.model_parts import StartingPoint
from longanimation.training.stage_config import StageConfig

Batch = Mapping[str, Any]
"""Stacked items of `TrainingClips`."""


class Stage(nn.Module):
    """The trained parts as one module, whose forward is the loss; what Accelerate wraps.

    Frozen parts are in `self.frozen`, not registered. All randomness of a clip comes from (seed, index of the clip),
    so that the loss of a batch does not depend on how it is divided among processes.
    """

    uses: tuple[str, ...] = ()
    """Networks that the stage computes with; other parts of the model are only passed on."""

    through: tuple[str, ...] = ()
    """Frozen parts that gradients pass through."""

    def __init__(self, start: StartingPoint, config: StageConfig):
        super().__init__()
        self.config, self.start = config, start
        networks = {name: start.parts[name] for name in (*self.uses, *config.train)}
        self.trained = nn.ModuleDict({name: networks.pop(name) for name in config.train})
        held = set(config.offload) & {*config.train, *self.through}
        if held:
            raise InputError(
                f"offload: gradients pass through {', '.join(sorted(held))}, which must stay on the device"
            )
        self.frozen = FrozenParts(networks, config.offload)
        for part in (*self.trained.values(), *networks.values()):  # gradients pass through frozen parts as well
            if config.checkpointing and getattr(part, "_supports_gradient_checkpointing", False):
                part.enable_gradient_checkpointing()
        if config.tiling and "vae" in self.frozen:
            start.parts["vae"].enable_tiling()
        frozen_dtype = getattr(torch, config.frozen_dtype)
        for name, part in self.trained.items():
            nn.Module.to(part, frozen_dtype if config.lora_rank else torch.float32)
            if config.lora_rank:
                add_lora(part, name, config.lora_rank)
            else:
                part.requires_grad_(True)

    @classmethod
    @abstractmethod
    def plan(cls, config: StageConfig) -> ClipPlan:
        """Which clips the stage trains on."""

    @abstractmethod
    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Scalars; `loss` is what is minimised."""

    @abstractmethod
    def pictures(self, batch: Batch) -> np.ndarray:
        """What the model does with the first clip: one picture, uint8 [H, W, 3]."""

    def forward(self, batch: Batch, pictures: bool = False):
        """Through the wrapped module alike, so that every process takes part where weights are sharded."""
        if pictures:
            with torch.no_grad():
                return self.pictures(batch)
        return self.losses(batch)

    @property
    def _no_split_modules(self) -> list[str]:
        """Layers that FSDP shards one by one (Accelerate reads this). Not the memory's attention, whose keys and values
        are made outside of its forward."""
        names = {name for part in self.trained.values() for name in getattr(part, "_no_split_modules", None) or ()}
        present = {type(module).__name__ for module in self.trained.modules()}
        return sorted((names & present) - {"MemoryAttention"})

    def place(self, device: torch.device) -> None:
        """Bring the frozen parts to the device."""
        self.frozen.to(device, getattr(torch, self.config.frozen_dtype))

    def config_changes(self, batches) -> dict[str, dict]:
        """Config entries of trained parts that training decides, by part. batches: some clips, on the CPU."""
        return {}

    @property
    def device(self) -> torch.device:
        return next(self.trained.parameters()).device


def clip_noise(seed: int, indices: torch.Tensor, stream: int, shape: tuple[int, ...]) -> torch.Tensor:
    """Standard normal [B, *shape] on the CPU, each clip's own."""
    rows = []
    for index in indices.tolist():
        state = np.random.SeedSequence((seed, index, stream)).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(state >> np.uint64(1)))
        rows.append(torch.randn(shape, generator=generator))
    return torch.stack(rows)


def clip_numbers(seed: int, indices: torch.Tensor, stream: int) -> torch.Tensor:
    """One uniform number in [0, 1) for each clip, float64 [B]."""
    return torch.tensor([np.random.default_rng((seed, index, stream)).random() for index in indices.tolist()])


def to_video(frames: torch.Tensor) -> torch.Tensor:
    """uint8 [B, F, H, W, 3] to the autoencoder's float32 [B, 3, F, H, W] in [-1, 1]."""
    return frames.permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def side_by_side(rows: list[list[np.ndarray]]) -> np.ndarray:
    """Pictures uint8 [H, W, 3] (or [H, W]) of one size, as a sheet."""
    coloured = [[np.repeat(p[..., None], 3, 2) if p.ndim == 2 else p for p in row] for row in rows]
    return np.concatenate([np.concatenate(row, axis=1) for row in coloured], axis=0)
