"""The parts of the model that a stage uses and does not train."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext

import torch


class FrozenParts:
    """Networks outside of the trained module, so that neither gradients nor checkpoints know of them.

    Parts named in `offload` stay on the CPU and come to the device only while they are used.
    """

    def __init__(self, parts: Mapping[str, torch.nn.Module], offload: Collection[str] = ()):
        self._parts = {name: part.eval().requires_grad_(False) for name, part in parts.items()}
        self._offload, self._device = set(offload), torch.device("cpu")

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def to(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device = device
        for name, part in self._parts.items():
            torch.nn.Module.to(part, "cpu" if name in self._offload else device, dtype)

    @contextmanager
    def use(self, name: str, *, move: bool = True) -> Iterator[torch.nn.Module]:
        """The part, on the device (`move`; otherwise where it waits), computing in its own number format."""
        part = self._parts[name]
        moved = move and name in self._offload
        if moved:
            part.to(self._device)
        with torch.autocast(self._device.type, enabled=False) if self._device.type != "meta" else nullcontext():
            yield part
        if moved:
            part.to("cpu")
