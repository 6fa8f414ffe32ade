"""Exponential moving average of the trained weights."""

from __future__ import annotations

from pathlib import Path

import torch

from longanimation.media.atomic import atomic_path


class WeightAverage:
    """Averages in float32, with a shorter memory in the first steps. Works on whole and on sharded (FSDP2) weights.

    Names are those of the plain model, so that another number of processes can go on.
    """

    def __init__(self, model: torch.nn.Module, decay: float):
        self.decay = decay
        self.values = {
            plain_name(name): value.detach().clone().float()
            for name, value in model.named_parameters()
            if value.requires_grad
        }

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        """Take in the weights after step `step` (counted from 1)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.named_parameters():
            if value.requires_grad:
                self.values[plain_name(name)].lerp_(value.detach().float(), 1 - decay)

    def whole(self) -> dict[str, torch.Tensor]:
        """The averages on the CPU, sharded ones joined (all processes must call this)."""
        return {name: _whole(value).cpu() for name, value in self.values.items()}

    def save(self, path: Path, *, write: bool) -> None:
        """All processes must call this; the one with `write` writes."""
        values = self.whole()
        if write:
            with atomic_path(path) as temporary:
                torch.save(values, temporary)

    def load(self, path: Path) -> None:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name, value in self.values.items():
            self.values[name] = _like(saved[name], value)


def plain_name(name: str) -> str:
    """A weight's name without what wrappers (DDP, compile, activation checkpointing) put into it."""
    name = name.replace("_orig_mod.", "").replace("_checkpoint_wrapped_module.", "")
    return name.removeprefix("module.")


def _whole(value: torch.Tensor) -> torch.Tensor:
    return value.full_tensor() if hasattr(value, "full_tensor") else value


def _like(whole: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    if hasattr(value, "full_tensor"):
        from torch.distributed.tensor import distribute_tensor

        return distribute_tensor(whole.to(value.device), value.device_mesh, value.placements)
    return whole.to(value.device)
