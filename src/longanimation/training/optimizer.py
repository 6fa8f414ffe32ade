"""Optimizer and learning rate of the training stages."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from longanimation.errors import InputError
from longanimation.training.stage_config import StageConfig


def make_optimizer(config: StageConfig, parameters: Iterable[torch.nn.Parameter], device: torch.device):
    """AdamW, fused on a GPU, or with 8-bit states. Vectors (norms, biases) do not decay."""
    trained = [value for value in parameters if value.requires_grad]
    groups = [
        {"params": [value for value in trained if value.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [value for value in trained if value.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    options = {"lr": config.learning_rate, "betas": config.betas}
    if config.optimizer == "adamw8bit":
        try:
            from bitsandbytes.optim import AdamW8bit
        except ImportError as error:
            raise InputError("optimizer adamw8bit needs bitsandbytes: pip install bitsandbytes") from error
        return AdamW8bit(groups, **options)
    return torch.optim.AdamW(groups, **options, fused=device.type == "cuda" or None)


def learning_rate(config: StageConfig, step: int) -> float:
    """The rate of step `step` (0-based): linear warm-up, then constant or cosine."""
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    if config.schedule == "constant":
        return config.learning_rate * warm
    done = min(1.0, step / config.steps)
    return config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
