"""Networks with random weights, made on the device in bfloat16, and random inputs of a window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch

from longanimation.models.video_xl_history import GLOBAL_FRAMES, LOCAL_FRAMES
from longanimation.pipeline.latents import latent_frames
from longanimation.pipeline.segment import SegmentConditions
from longanimation.pipeline.settings import WindowSettings

DTYPE = torch.bfloat16


@dataclass(frozen=True)
class Model:
    """A model by its configs: `parts` are networks of which only class and config are used."""

    name: str
    parts: dict[str, torch.nn.Module]
    settings: WindowSettings
    matmul_side: int

    def build(self, name: str, device: torch.device, seed: int = 0) -> torch.nn.Module:
        """A part with random weights. It never exists on another device or in another type; the same seed gives the
        same weights. Zero matrices are filled too, because multiplying zeros takes a GPU less time."""
        part = self.parts[name]
        config = {key: value for key, value in part.config.items() if not key.startswith("_")}
        before = torch.get_default_dtype()
        torch.manual_seed(seed)
        torch.set_default_dtype(DTYPE)
        try:
            with torch.device(device):
                network = type(part)(**config)
        finally:
            torch.set_default_dtype(before)
        for parameter in network.requires_grad_(False).parameters():
            if parameter.ndim > 1 and not parameter.is_meta and not parameter.any():
                parameter.normal_(std=0.02)
        return network.eval()

    @property
    def new_frames(self) -> int:
        """Frames that a window adds to the shot."""
        return self.settings.frames - self.settings.overlap


def published() -> Model:
    """The published sizes."""
    from longanimation.weights.working_memory import empty_parts

    return Model("5b", empty_parts("5b"), WindowSettings(), matmul_side=8192)


def tiny() -> Model:
    """The preset "tiny", for trying this benchmark out on a CPU."""
    from longanimation.weights.tiny import tiny_parts, tiny_settings

    return Model("tiny", tiny_parts(), tiny_settings(), matmul_side=256)


@dataclass(frozen=True)
class Window:
    """A window's size and random contents. height, width: of the pictures, in pixels."""

    model: Model
    height: int
    width: int
    device: torch.device

    @cached_property
    def _generator(self) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(1)

    def random(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, device=self.device, dtype=DTYPE, generator=self._generator)

    @cached_property
    def latent_shape(self) -> tuple[int, int, int, int]:
        """Latent frames (padding included), channels, rows, columns."""
        vae = self.model.parts["vae"].config
        ratio = 2 ** (len(vae.block_out_channels) - 1)
        count, padding = latent_frames(self.model.settings.frames)
        return count + padding, vae.latent_channels, self.height // ratio, self.width // ratio

    def conditions(self, memory: torch.nn.Module | None = None, history_frames: int = 0) -> SegmentConditions:
        """Random conditions; with `history_frames` coloured frames in the memory if it is given."""
        text = self.model.parts["transformer"].config
        prompt, negative = (self.random(1, text.max_text_seq_length, text.text_embed_dim) for _ in range(2))
        sketches, image = self.random(1, *self.latent_shape), self.random(1, *self.latent_shape)
        projected = None
        if memory is not None:
            projected = memory.project_memory(*(self.memory_tensor(memory, n) for n in _in_memory(history_frames)))
        return SegmentConditions(prompt, negative, sketches, image, projected)

    def memory_tensor(self, memory: torch.nn.Module, frames: int) -> torch.Tensor:
        """What the memory encoder gives for that many frames."""
        vectors = self.model.parts["memory_encoder"].vectors(frames)
        return self.random(1, 2, memory.config.depth, vectors, memory.config.memory_dim)

    def memory_vectors(self, history_frames: int) -> int:
        return sum(self.model.parts["memory_encoder"].vectors(n) for n in _in_memory(history_frames))


def _in_memory(frames: int) -> tuple[int, int]:
    """Frames of the global and of the local memory when `frames` frames are coloured."""
    return min(frames, GLOBAL_FRAMES), min(frames, LOCAL_FRAMES)
