"""Stage `text`: a text encoder of our own learns which colours a sentence stands for, before it meets the networks."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from longanimation.training.clips import ClipPlan
from longanimation.training.conditions import prompt_texts, tokenize
from longanimation.training.model_parts import StartingPoint
from longanimation.training.stage import Batch, Stage, side_by_side, to_video
from longanimation.training.stage_config import TextConfig


class TextStage(Stage):
    """Every token of a sentence has to name the picture's colours, averaged over a coarse grid: mean squared error of a
    linear reading, which is not kept.

    A denoising loss tells a text encoder next to nothing as long as the transformer does not listen, and the
    transformer has no reason to listen as long as nothing is said. Because all tokens say it, it need not look for the
    right one.
    """

    config: TextConfig

    def __init__(self, start: StartingPoint, config: TextConfig):
        super().__init__(start, config)
        width = start.parts["text_encoder"].config.d_model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.reading = nn.Linear(width, 3 * config.grid[0] * config.grid[1], device=self.device)

    @classmethod
    def plan(cls, config: TextConfig) -> ClipPlan:
        return ClipPlan(config.frames, config.size, config.batch_size, config.seed, flip=config.flip,
                        distinct=config.distinct)  # fmt: skip

    def losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        said = self._read(batch["prompt"])
        return {"loss": ((said - self._truth(batch)[:, None]) ** 2).mean()}

    def pictures(self, batch: Batch) -> np.ndarray:
        """Rows: first frames, their colours, the colours that the sentences name."""
        size = batch["colour"].shape[2:4]
        said, truth = self._read(batch["prompt"]).mean(1), self._truth(batch)
        return side_by_side([list(batch["colour"][:4, 0].cpu().numpy()), *(_patches(c[:4], self.config.grid, size)
                                                                           for c in (truth, said))])  # fmt: skip

    def _read(self, prompts: list[str]) -> torch.Tensor:
        """float32 [B, L, 3 * rows * columns]."""
        texts = prompt_texts(self.start.settings, prompts)
        tokens = tokenize(self.start.parts["tokenizer"], texts, self.config.text_length)
        return self.reading(self.trained["text_encoder"](tokens.to(self.device))[0]).float()

    def _truth(self, batch: Batch) -> torch.Tensor:
        """Colours of the first frames, float32 [B, 3 * rows * columns] in [-1, 1]."""
        return F.adaptive_avg_pool2d(to_video(batch["colour"])[:, :, 0], self.config.grid).flatten(1)


def _patches(colours: torch.Tensor, grid: tuple[int, int], size: tuple[int, int]) -> list[np.ndarray]:
    pictures = F.interpolate(colours.float().unflatten(1, (3, *grid)), size=size)
    return list(((pictures + 1) * 127.5).clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy())
