"""Where the random numbers of a window come from."""

from __future__ import annotations

from typing import Protocol

import torch

Shape = tuple[int, ...]

_PICTURE, _INITIAL, _SKETCH = -1, -2, -3  # streams beside the steps, which are counted from 0


class NoiseSource(Protocol):
    """Standard normal tensors for one window. Methods are called in the order given here, `step` once per step."""

    def sketch(self, shape: Shape) -> torch.Tensor:
        """For the VAE posterior of line drawings, [B, C, F, h, w]."""

    def image(self, shape: Shape) -> torch.Tensor:
        """For the VAE posterior of the reference picture, [B, C, 1, h, w]."""

    def initial(self, shape: Shape) -> torch.Tensor:
        """The latents that denoising starts from, [B, F, C, h, w]."""

    def step(self, index: int, shape: Shape, second_order: bool) -> torch.Tensor:
        """The noise that enters step `index`, [B, F, C, h, w]."""


class WindowNoise:
    """Own noise for every window, a function of (seed, window): nothing to store in a checkpoint, equal on all devices.

    The published inference gives all windows the same noise, a likely cause of patterns that stay in place.
    """

    def __init__(self, seed: int, window: int = 0):
        self.seed, self.window = seed, window
        self._generator = torch.Generator().manual_seed(_mix(seed, window))

    def _draw(self, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, generator=self._generator)

    def sketch(self, shape: Shape) -> torch.Tensor:
        return self._draw(shape)

    def image(self, shape: Shape) -> torch.Tensor:
        # the same picture has the same latents in every window
        return torch.randn(shape, generator=torch.Generator().manual_seed(_mix(self.seed, _PICTURE)))

    def initial(self, shape: Shape) -> torch.Tensor:
        return self._draw(shape)

    def step(self, index: int, shape: Shape, second_order: bool) -> torch.Tensor:
        return self._draw(shape)


class AlignedNoise:
    """Own noise for every latent frame of the shot, a function of (seed, step, place in the shot).

    Two windows that contain the same latent frame give it the same noise, at the start and in every step, so that what
    the fusion blends has grown from the same seed. Needs windows that begin at multiples of four frames.

    first: place in the shot of the clip's first latent frame (frame number / 4); padding: latent frames in front of the
    clip (the reference slot).
    """

    def __init__(self, seed: int, first: int, padding: int = 1):
        self.seed, self.first, self.padding = seed, first, padding

    def sketch(self, shape: Shape) -> torch.Tensor:
        return self._frames(_SKETCH, (shape[0], shape[2], shape[1], *shape[3:]), 0).transpose(1, 2)

    def image(self, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(_mix(self.seed, _PICTURE)))

    def initial(self, shape: Shape) -> torch.Tensor:
        return self._frames(_INITIAL, shape, self.padding)

    def step(self, index: int, shape: Shape, second_order: bool) -> torch.Tensor:
        return self._frames(index, shape, self.padding)

    def _frames(self, stream: int, shape: Shape, padding: int) -> torch.Tensor:
        """[B, F, C, h, w], frame by frame."""
        seed = _mix(self.seed, stream)
        places = [self.first + index - padding if index >= padding else -1 - index for index in range(shape[1])]
        one = (shape[0], 1, *shape[2:])
        generators = [torch.Generator().manual_seed(_mix(seed, place)) for place in places]
        return torch.cat([torch.randn(one, generator=generator) for generator in generators], dim=1)


class PublishedNoise:
    """The published inference: a generator with the same seed for every window, one unused draw in every second-order
    step, line drawings from the global random state. `dtype` is the dtype drawn in (bfloat16 there)."""

    def __init__(self, seed: int, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"):
        self._generator = torch.Generator(device).manual_seed(seed)
        self._options = {"generator": self._generator, "dtype": dtype, "device": device}

    def sketch(self, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, dtype=self._options["dtype"], device=self._options["device"])

    def image(self, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, **self._options)

    def initial(self, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, **self._options)

    def step(self, index: int, shape: Shape, second_order: bool) -> torch.Tensor:
        if second_order:
            torch.randn(shape, **self._options)
        return torch.randn(shape, **self._options)


class GivenNoise:
    """Noise from tensors: `steps` [steps, B, F, C, h, w]."""

    def __init__(self, initial: torch.Tensor, steps: torch.Tensor, image: torch.Tensor | None = None, sketch=None):
        self._initial, self._steps, self._image, self._sketch = initial, steps, image, sketch

    def sketch(self, shape: Shape) -> torch.Tensor:
        return self._sketch.reshape(shape)

    def image(self, shape: Shape) -> torch.Tensor:
        return self._image.reshape(shape)

    def initial(self, shape: Shape) -> torch.Tensor:
        return self._initial.reshape(shape)

    def step(self, index: int, shape: Shape, second_order: bool) -> torch.Tensor:
        return self._steps[index].reshape(shape)


def _mix(seed: int, stream: int) -> int:
    """A generator seed for one stream of a run; neighbouring seeds and streams give unrelated numbers."""
    value = (seed * 0x9E3779B97F4A7C15 + (stream + 1) * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 29
    return value * 0xBF58476D1CE4E5B9 & 0x7FFFFFFFFFFFFFFF
